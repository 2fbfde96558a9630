//! Numbers that cross between counts and pixels: the few lossy conversions of the page, in one place.
//! Must never be used for addresses or register values: those stay strings.

/// A count as a JavaScript number. Exact below 2^53, which no byte or line count here reaches.
#[expect(clippy::cast_precision_loss, reason = "byte and line counts stay far below 2^53")]
pub const fn to_f64(count: u64) -> f64 {
    count as f64
}

/// The whole part of a JavaScript number as a count; negative and not-a-number become 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is what is wanted")]
pub const fn to_u64(number: f64) -> u64 {
    number as u64
}

/// The whole part of a JavaScript number as a number with a sign; not-a-number becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
pub const fn to_i64(number: f64) -> i64 {
    number as i64
}

/// The whole part of a JavaScript number as pixels of a scroll position; saturates.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
pub const fn to_px(number: f64) -> i32 {
    number as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_saturate() {
        assert_eq!(to_u64(-1.0), 0);
        assert_eq!(to_u64(f64::NAN), 0);
        assert_eq!(to_u64(7.9), 7);
        assert_eq!(to_i64(-43.0), -43);
        assert_eq!(to_px(1e12), i32::MAX);
        assert!((to_f64(1 << 52) - 4_503_599_627_370_496.0).abs() < f64::EPSILON);
    }
}
