//! From text to an expression. Must never read memory; asks the types only whether a word is one of them.

use super::{Ctype, Expression};
use crate::Refusal;
use crate::number;
use oopscope_symbols::types::{Kind, TypeId, Types};

/// How deep an expression may be nested.
const DEPTH: usize = 64;

/// Words of which C's base types consist.
const BASE_WORDS: [&str; 9] = ["unsigned", "signed", "long", "short", "int", "char", "_Bool", "double", "float"];

/// An expression out of text.
pub(crate) fn parse(types: &dyn Types, text: &str) -> Result<Expression, Refusal> {
    let mut parser = Parser { types, tokens: tokens(text)?, at: 0 };
    let expression = parser.sum(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(token) => Err(Refusal(format!("{token:?} is not understood here"))),
    }
}

/// A type out of text: `struct list_head *`.
pub(super) fn parse_type(types: &dyn Types, text: &str) -> Result<Ctype, Refusal> {
    let mut parser = Parser { types, tokens: tokens(text)?, at: 0 };
    let ctype = parser.ctype()?.ok_or_else(|| Refusal(format!("{text:?} is no type of this kernel")))?;
    if parser.at < parser.tokens.len() {
        return Err(Refusal(format!("{text:?} is no type that can be written here")));
    }
    Ok(ctype)
}

fn tokens(text: &str) -> Result<Vec<String>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphanumeric() || first == '_' {
            // Names of clones have dots in them, which `.` after a name would be too: only digits follow those.
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("->") {
            2
        } else if "()[].*&+-".contains(first) {
            1
        } else {
            return Err(Refusal(format!("{first:?} is not understood in an expression: help p")));
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    types: &'a dyn Types,
    tokens: Vec<String>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self, token: &str) -> bool {
        let there = self.peek() == Some(token);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, token: &str) -> Result<(), Refusal> {
        if self.take(token) { Ok(()) } else { Err(Refusal(format!("{token:?} is missing"))) }
    }

    fn sum(&mut self, depth: usize) -> Result<Expression, Refusal> {
        if depth > DEPTH {
            return Err(Refusal("the expression is nested too deeply".to_owned()));
        }
        let mut left = self.unary(depth)?;
        loop {
            let minus = match self.peek() {
                Some("+") => false,
                Some("-") => true,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.unary(depth)?;
            left = Expression::Sum(Box::new(left), Box::new(right), minus);
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, Refusal> {
        if depth > DEPTH {
            return Err(Refusal("the expression is nested too deeply".to_owned()));
        }
        if self.take("&") {
            return Ok(Expression::AddressOf(Box::new(self.unary(depth + 1)?)));
        }
        if self.take("*") {
            return Ok(Expression::Behind(Box::new(self.unary(depth + 1)?)));
        }
        if self.take("-") {
            return Ok(Expression::Negative(Box::new(self.unary(depth + 1)?)));
        }
        if self.peek() == Some("(") {
            let here = self.at;
            self.at += 1;
            if let Some(ctype) = self.ctype()? {
                self.expect(")")?;
                return Ok(Expression::Cast(ctype, Box::new(self.unary(depth + 1)?)));
            }
            self.at = here;
        }
        self.postfix(depth)
    }

    fn postfix(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let mut left = self.primary(depth)?;
        loop {
            left = match self.peek() {
                Some(token @ ("." | "->")) => {
                    let through = token == "->";
                    self.at += 1;
                    let name = self.peek().filter(|name| is_name(name)).map(str::to_owned);
                    let name = name.ok_or_else(|| Refusal("a member's name is missing".to_owned()))?;
                    self.at += 1;
                    Expression::Member(Box::new(left), name, through)
                }
                Some("[") => {
                    self.at += 1;
                    let index = self.sum(depth + 1)?;
                    self.expect("]")?;
                    Expression::Element(Box::new(left), Box::new(index))
                }
                _ => return Ok(left),
            };
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, Refusal> {
        if self.take("(") {
            let inner = self.sum(depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let token = self.peek().ok_or_else(|| Refusal("the expression ends too early".to_owned()))?.to_owned();
        self.at += 1;
        if token == "sizeof" {
            self.expect("(")?;
            let ctype = self.ctype()?.ok_or_else(|| Refusal("sizeof needs a type".to_owned()))?;
            self.expect(")")?;
            return Ok(Expression::SizeOf(ctype));
        }
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            return number::number(&token).map(|number| Expression::Number(number.into()));
        }
        if is_name(&token) {
            Ok(Expression::Name(token))
        } else {
            Err(Refusal(format!("{token:?} is not understood here")))
        }
    }

    /// A type, if the next tokens are one.
    fn ctype(&mut self) -> Result<Option<Ctype>, Refusal> {
        let here = self.at;
        while matches!(self.peek(), Some("const" | "volatile")) {
            self.at += 1;
        }
        let Some(word) = self.peek().map(str::to_owned) else { return Ok(None) };
        let base = match word.as_str() {
            "void" => {
                self.at += 1;
                Some(TypeId::VOID)
            }
            "struct" | "union" | "enum" => {
                self.at += 1;
                let name = self.peek().map(str::to_owned).unwrap_or_default();
                self.at += 1;
                let kind = match word.as_str() {
                    "struct" => Kind::Struct,
                    "union" => Kind::Union,
                    _ => Kind::Enum,
                };
                let found = self.types.find(kind, &name);
                Some(found.ok_or_else(|| Refusal(format!("there is no {word} {name} in this kernel's types")))?)
            }
            word if BASE_WORDS.contains(&word) => self.base(),
            word => {
                self.at += 1;
                self.types.find(Kind::Typedef, word)
            }
        };
        let Some(base) = base else {
            self.at = here;
            return Ok(None);
        };
        let mut pointers = 0_u8;
        loop {
            if self.take("*") {
                pointers = pointers.checked_add(1).ok_or_else(|| Refusal("that many pointers".to_owned()))?;
            } else if !self.take("const") && !self.take("volatile") {
                return Ok(Some(Ctype { base, pointers }));
            }
        }
    }

    /// `unsigned long` and the like, in any order of the words.
    fn base(&mut self) -> Option<TypeId> {
        let mut words = Vec::new();
        while let Some(word) = self.peek().filter(|word| BASE_WORDS.contains(word)) {
            words.push(word.to_owned());
            self.at += 1;
        }
        let has = |word: &str| words.iter().any(|known| known == word);
        let unsigned = has("unsigned");
        let longs = words.iter().filter(|word| *word == "long").count();
        // As gcc names them in debug information.
        let name = match (has("char"), has("short"), longs, unsigned) {
            (true, _, _, true) => "unsigned char",
            (true, _, _, false) if has("signed") => "signed char",
            (true, _, _, false) => "char",
            (_, true, _, true) => "short unsigned int",
            (_, true, _, false) => "short int",
            (_, _, 2.., true) => "long long unsigned int",
            (_, _, 2.., false) => "long long int",
            (_, _, 1, true) => "long unsigned int",
            (_, _, 1, false) => "long int",
            (_, _, 0, true) => "unsigned int",
            _ if has("_Bool") => "_Bool",
            _ => "int",
        };
        // clang's spellings differ.
        let clang = match name {
            "short unsigned int" => "unsigned short",
            "short int" => "short",
            "long unsigned int" => "unsigned long",
            "long int" => "long",
            "long long unsigned int" => "unsigned long long",
            "long long int" => "long long",
            same => same,
        };
        self.types.find(Kind::Base, name).or_else(|| self.types.find(Kind::Base, clang))
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}
