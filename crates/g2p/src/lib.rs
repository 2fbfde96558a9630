//! Finite fields of up to 256 elements, by tables of powers and logarithms.
//!
//! Stands in for the crate of this name, by which rqrr corrects errors in QR codes: that one writes out all 65,536
//! products, which do not compress (66 kB of the engine, gzipped), and these tables have 768 bytes. Must never do more
//! than rqrr asks for.
#![forbid(unsafe_code)]

use std::ops::{Add, AddAssign, Div, Mul, MulAssign};

/// An element of a field.
pub trait GaloisField:
    Add<Output = Self> + AddAssign + Mul<Output = Self> + MulAssign + Div<Output = Self> + Copy + PartialEq + Eq
{
    /// What changes nothing when it is added.
    const ZERO: Self;
    /// What changes nothing when it is multiplied.
    const ONE: Self;
    /// Its powers are all elements but zero.
    const GENERATOR: Self;

    /// The element multiplied with itself so many times.
    #[must_use]
    fn pow(self, exponent: usize) -> Self;
}

/// The powers of x in a field, and which power an element is.
#[derive(Debug)]
pub struct Tables {
    /// Twice around, so that the sum of two logarithms needs no division.
    powers: [u8; 512],
    logarithms: [u8; 256],
    /// Elements but zero.
    order: usize,
}

impl Tables {
    /// Those of the field of polynomials of less than `bits` bits, by a modulus of which x is a primitive root: those of
    /// ISO/IEC 18004 are.
    pub const fn of(bits: u32, modulus: u16) -> Self {
        assert!(1 < bits && bits <= 8);
        let order = (1 << bits) - 1;
        let (mut powers, mut logarithms) = ([0; 512], [0; 256]);
        let mut power = 1u16;
        let mut exponent = 0usize;
        while exponent < 2 * order {
            powers[exponent] = power.to_le_bytes()[0];
            if exponent < order {
                logarithms[power as usize] = exponent.to_le_bytes()[0];
            }
            power <<= 1;
            if power >> bits != 0 {
                power ^= modulus;
            }
            exponent += 1;
        }
        Self { powers, logarithms, order }
    }

    /// The sum of two elements, which is also their difference: bits are added without a carry.
    pub const fn sum(a: u8, b: u8) -> u8 {
        a ^ b
    }

    /// The product of two elements.
    pub fn product(&self, a: u8, b: u8) -> u8 {
        if a == 0 || b == 0 { 0 } else { self.powers[self.logarithm(a) + self.logarithm(b)] }
    }

    /// The quotient of two elements. Panics on zero below the line, as a division of integers does.
    pub fn quotient(&self, a: u8, b: u8) -> u8 {
        assert!(b != 0, "division by zero");
        if a == 0 { 0 } else { self.powers[self.logarithm(a) + self.order - self.logarithm(b)] }
    }

    /// A power of an element.
    pub fn power(&self, a: u8, exponent: usize) -> u8 {
        match (a, exponent) {
            (_, 0) => 1,
            (0, _) => 0,
            _ => self.powers[self.logarithm(a) * (exponent % self.order) % self.order],
        }
    }

    fn logarithm(&self, a: u8) -> usize {
        usize::from(self.logarithms[usize::from(a)])
    }
}

/// Declares a field: its name, how many bits an element has, and its modulus.
///
/// ```
/// use g2p::GaloisField;
///
/// g2p::g2p!(GF16, 4, modulus: 0b1_0011);
/// // x⁴ is x + 1 there.
/// assert_eq!(GF16::GENERATOR.pow(4), GF16(0b11));
/// ```
#[macro_export]
macro_rules! g2p {
    ($name:ident, $bits:literal, modulus: $modulus:literal) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        struct $name(u8);

        impl $name {
            fn tables() -> &'static $crate::Tables {
                static TABLES: $crate::Tables = $crate::Tables::of($bits, $modulus);
                &TABLES
            }
        }

        impl $crate::GaloisField for $name {
            const ZERO: Self = Self(0);
            const ONE: Self = Self(1);
            const GENERATOR: Self = Self(2);

            fn pow(self, exponent: usize) -> Self {
                Self(Self::tables().power(self.0, exponent))
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self($crate::Tables::sum(self.0, other.0))
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl std::ops::Mul for $name {
            type Output = Self;

            fn mul(self, other: Self) -> Self {
                Self(Self::tables().product(self.0, other.0))
            }
        }

        impl std::ops::MulAssign for $name {
            fn mul_assign(&mut self, other: Self) {
                *self = *self * other;
            }
        }

        impl std::ops::Div for $name {
            type Output = Self;

            fn div(self, other: Self) -> Self {
                Self(Self::tables().quotient(self.0, other.0))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    g2p!(GF16, 4, modulus: 0b1_0011);
    g2p!(GF256, 8, modulus: 0b1_0001_1101);

    /// Multiplication as it is written down: shift, add, reduce.
    fn product(a: u8, b: u8, bits: u32, modulus: u16) -> u16 {
        let (mut sum, mut shifted) = (0, u16::from(a));
        for bit in 0..bits {
            if b >> bit & 1 == 1 {
                sum ^= shifted;
            }
            shifted <<= 1;
            if shifted >> bits != 0 {
                shifted ^= modulus;
            }
        }
        sum
    }

    #[test]
    fn products_are_those_of_polynomials_and_division_undoes_them() {
        for a in 0..=255 {
            for b in 0..=255 {
                let found = GF256(a) * GF256(b);
                assert_eq!(u16::from(found.0), product(a, b, 8, 0b1_0001_1101), "{a} * {b}");
                assert!(b == 0 || found / GF256(b) == GF256(a), "{a} * {b} / {b}");
                if a < 16 && b < 16 {
                    let found = GF16(a) * GF16(b);
                    assert_eq!(u16::from(found.0), product(a, b, 4, 0b1_0011), "{a} * {b}");
                    assert!(b == 0 || found / GF16(b) == GF16(a), "{a} * {b} / {b}");
                }
            }
        }
    }

    #[test]
    fn a_power_is_a_product_of_so_many() {
        for a in 0..=255 {
            let mut product = GF256::ONE;
            for exponent in 0..600 {
                assert_eq!(GF256(a).pow(exponent), product, "{a} to the {exponent}");
                product *= GF256(a);
            }
        }
    }

    #[test]
    fn the_generator_reaches_every_element() {
        let mut sum = GF256::ZERO;
        let mut seen = [false; 256];
        for exponent in 0..255 {
            let power = GF256::GENERATOR.pow(exponent);
            assert!(!std::mem::replace(&mut seen[usize::from(power.0)], true));
            sum += power;
        }
        assert_eq!((seen[0], sum), (false, GF256::ZERO), "all elements but zero, which add up to zero");
    }
}
