//! Numbers: comparison of whole and floating ones without rounding, and arithmetic that knows its limits.

use crate::ir::Arithmetic;
use std::cmp::Ordering;

/// A finite number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i64),
    Double(f64),
}

impl Number {
    /// Which is larger, exactly: a whole number is not rounded to a floating one first.
    pub(crate) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(&right),
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            (Self::Int(left), Self::Double(right)) => int_to_double(left, right),
            (Self::Double(left), Self::Int(right)) => int_to_double(right, left).reverse(),
        }
    }

    /// The result; `None` when there is none: division by zero, or too large.
    pub(crate) fn combined(self, operation: Arithmetic, other: Self) -> Option<Self> {
        if let (Self::Int(left), Self::Int(right)) = (self, other) {
            return match operation {
                Arithmetic::Plus => left.checked_add(right),
                Arithmetic::Minus => left.checked_sub(right),
                Arithmetic::Times => left.checked_mul(right),
                Arithmetic::DividedBy => left.checked_div(right),
                Arithmetic::Remainder => left.checked_rem(right),
            }
            .map(Self::Int);
        }
        let (left, right) = (self.as_double(), other.as_double());
        let result = match operation {
            Arithmetic::Plus => left + right,
            Arithmetic::Minus => left - right,
            Arithmetic::Times => left * right,
            Arithmetic::DividedBy => left / right,
            Arithmetic::Remainder => return None,
        };
        result.is_finite().then_some(Self::Double(result))
    }

    /// The number with the other sign.
    pub(crate) fn negative(self) -> Option<Self> {
        match self {
            Self::Int(number) => number.checked_neg().map(Self::Int),
            Self::Double(number) => Some(Self::Double(-number)),
        }
    }

    fn as_double(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

fn int_to_double(int: i64, double: f64) -> Ordering {
    // 2^63 is the first power that an i64 does not reach; below it the whole part of a double is an i64.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if double >= LIMIT {
        Ordering::Less
    } else if double < -LIMIT {
        Ordering::Greater
    } else {
        let whole = double.trunc();
        int.cmp(&(whole as i64))
            .then_with(|| 0.0_f64.partial_cmp(&(double - whole)).unwrap_or(Ordering::Equal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_floating_numbers_compare_exactly() {
        for (int, double, expected) in [
            (1, 1.0, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (-1, -1.5, Ordering::Greater),
            (0, -0.0, Ordering::Equal),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Ordering::Greater),
            (i64::MAX, 9_223_372_036_854_775_807.0, Ordering::Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal),
            (i64::MIN, -1e19, Ordering::Greater),
        ] {
            assert_eq!(Number::Int(int).order(Number::Double(double)), expected, "{int} and {double}");
            assert_eq!(Number::Double(double).order(Number::Int(int)), expected.reverse());
        }
    }

    #[test]
    fn arithmetic_that_has_no_result_has_none() {
        use Arithmetic::{DividedBy, Minus, Plus, Remainder, Times};
        for (left, operation, right) in [
            (Number::Int(i64::MAX), Plus, Number::Int(1)),
            (Number::Int(i64::MIN), Minus, Number::Int(1)),
            (Number::Int(i64::MAX), Times, Number::Int(2)),
            (Number::Int(1), DividedBy, Number::Int(0)),
            (Number::Int(i64::MIN), DividedBy, Number::Int(-1)),
            (Number::Int(1), Remainder, Number::Int(0)),
            (Number::Int(i64::MIN), Remainder, Number::Int(-1)),
            (Number::Double(1.0), DividedBy, Number::Double(0.0)),
            (Number::Double(f64::MAX), Times, Number::Int(2)),
            (Number::Double(1.5), Remainder, Number::Int(1)),
        ] {
            assert!(left.combined(operation, right).is_none(), "{left:?} {operation:?} {right:?}");
        }
        assert!(Number::Int(i64::MIN).negative().is_none());
    }
}
