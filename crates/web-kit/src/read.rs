//! Reads what the worker posted into the protocol's types. Must never be used on what another build has written.
//!
//! It gives what serde-wasm-bindgen gives, for a third of the code, because page and engine are of one build: a
//! structure is read field by field in the order of its declaration, so that no code compares names, and what is absent
//! is what its type has for nothing (no text, zero, an empty list), which is what every `#[serde(default)]` of the
//! protocol means.

use crate::few::Few;
use crate::num;
use js_sys::{Array, Reflect};
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// Why a message could not be read.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self(words.to_string())
    }

    // What serde would say of these needs the formatting of every type, which the page carries for nothing else.
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self("a value of another type than expected".to_owned())
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self("a value that its type does not have".to_owned())
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self("a list of another length than expected".to_owned())
    }

    fn unknown_variant(name: &str, _: &'static [&'static str]) -> Self {
        Self(format!("an unknown name “{name}”"))
    }
}

type Result<T> = std::result::Result<T, Unreadable>;

/// Reads a value.
pub fn read<T: DeserializeOwned>(value: JsValue) -> Result<T> {
    T::deserialize(Reader(value))
}

struct Reader(JsValue);

impl Reader {
    /// Numbers of the protocol are below 2^53, most of them: offsets and addresses travel as text.
    fn number(&self) -> f64 {
        self.0.as_f64().unwrap_or(0.0)
    }

    /// A damaged dump, or a time of many days in nanoseconds, has larger ones: those are sent as `BigInt`.
    fn whole(&self) -> u64 {
        match self.0.as_f64() {
            Some(number) => num::to_u64(number),
            None => u64::try_from(self.0.clone()).unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        self.0.as_string().unwrap_or_default()
    }
}

impl<'de> de::Deserializer<'de> for Reader {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(Unreadable("a value without a type".to_owned()))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_bool(self.0.is_truthy())
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(num::to_i64(self.number()))
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u64(self.whole())
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_f64(self.number())
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_string(self.text())
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_string(self.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_string(self.text())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.is_null() || self.0.is_undefined() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let array = self.0.dyn_into::<Array>().unwrap_or_default();
        let length = array.length();
        visitor.visit_seq(Elements { array, next: 0, length })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_seq(Fields { object: self.0, names: names(fields), next: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(Variant::of(self.0))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        // serde-wasm-bindgen writes a `Map`, which is a list of pairs as soon as it is made an array.
        let pairs = if self.0.is_object() { Array::from(&self.0) } else { Array::new() };
        let length = pairs.length();
        visitor.visit_map(Pairs { entries: pairs, next: 0, length, value: JsValue::UNDEFINED })
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u16 u128 f32 bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

struct Elements {
    array: Array,
    next: u32,
    length: u32,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next == self.length {
            return Ok(None);
        }
        let element = self.array.get(self.next);
        self.next += 1;
        seed.deserialize(Reader(element)).map(Some)
    }
}

struct Fields {
    object: JsValue,
    names: Rc<[JsValue]>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Fields {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(name) = self.names.get(self.next) else { return Ok(None) };
        self.next += 1;
        let value = Reflect::get(&self.object, name).unwrap_or(JsValue::UNDEFINED);
        seed.deserialize(Reader(value)).map(Some)
    }
}

/// The entries of a `Map`.
struct Pairs {
    entries: Array,
    next: u32,
    length: u32,
    value: JsValue,
}

impl<'de> MapAccess<'de> for Pairs {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.next == self.length {
            return Ok(None);
        }
        let pair = Array::from(&self.entries.get(self.next));
        self.next += 1;
        self.value = pair.get(1);
        seed.deserialize(Reader(pair.get(0))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(Reader(std::mem::take(&mut self.value)))
    }
}

/// A variant: its name, or, where it holds a value, an object with one field of that name.
struct Variant {
    name: String,
    value: JsValue,
}

impl Variant {
    fn of(value: JsValue) -> Self {
        if let Some(name) = value.as_string() {
            return Self { name, value: JsValue::UNDEFINED };
        }
        let key =
            value.dyn_ref::<js_sys::Object>().map_or(JsValue::UNDEFINED, |object| js_sys::Object::keys(object).get(0));
        let value = Reflect::get(&value, &key).unwrap_or(JsValue::UNDEFINED);
        Self { name: key.as_string().unwrap_or_default(), value }
    }
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Unreadable;
    type Variant = Content;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content)> {
        let name: StrDeserializer<'_, Unreadable> = self.name.as_str().into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.value)))
    }
}

/// What a variant holds.
struct Content(JsValue);

impl<'de> VariantAccess<'de> for Content {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(Reader(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value> {
        Err(Unreadable("a variant of a shape that the protocol does not have".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value> {
        Err(Unreadable("a variant of a shape that the protocol does not have".to_owned()))
    }
}

thread_local! {
    /// The names of each structure's fields as JavaScript has them, by where the names lie: made once.
    static NAMES: RefCell<Few<usize, Rc<[JsValue]>>> = RefCell::default();
}

fn names(fields: &'static [&'static str]) -> Rc<[JsValue]> {
    NAMES.with_borrow_mut(|names| {
        let place = fields.as_ptr().addr();
        if let Some(known) = names.get(&place) {
            return Rc::clone(known);
        }
        let made: Rc<[JsValue]> = fields.iter().map(|name| JsValue::from_str(name)).collect();
        names.insert(place, Rc::clone(&made));
        made
    })
}
