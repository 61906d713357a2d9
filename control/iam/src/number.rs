//! Numbers and moments as policies and requests write them, compared exactly. Does not know
//! operators.

/// A decimal number with six digits after the point, so that equality means what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(i128);

/// Digits after the decimal point that count.
const SCALE: u32 = 6;

impl Number {
    /// A decimal number of at most 18 digits on each side of the point.
    pub(crate) fn decimal(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.len() > 18 || whole.is_empty() || fraction.len() > 18 {
            return None;
        }
        if !plain(whole) || !plain(fraction) {
            return None;
        }
        let padded: String = fraction.chars().chain("000000".chars()).take(6).collect();
        let value =
            whole.parse::<i128>().ok()? * 10_i128.pow(SCALE) + padded.parse::<i128>().ok()?;
        Some(Self(if negative { -value } else { value }))
    }

    /// A moment: ISO 8601 in UTC or with an offset, or seconds since 1970.
    pub(crate) fn date(text: &str) -> Option<Self> {
        Self::decimal(text).or_else(|| iso_8601(text))
    }
}

/// `YYYY-MM-DD`, or with `Thh:mm:ss`, a fraction, and `Z` or an offset.
fn iso_8601(text: &str) -> Option<Number> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    if date.bytes().any(|b| b == b'+') || day > days_of_month(year, month) {
        return None;
    }
    let (clock, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], &time[at..]),
        None => (time, "Z"),
    };
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (below(parts.next()?, 24)?, below(parts.next()?, 60)?);
    let second = Number::decimal(parts.next().unwrap_or("0"))?;
    // A leap second is a sixtieth.
    if !(Number(0)..Number(61 * 10_i128.pow(SCALE))).contains(&second) {
        return None;
    }
    let minutes = days_from_civil(year, month, day) * 24 * 60 + hour * 60 + minute;
    let minutes = minutes - offset_minutes(offset)?;
    Some(Number(i128::from(minutes * 60) * 10_i128.pow(SCALE) + second.0))
}

fn offset_minutes(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    Some(sign * (below(hours, 24)? * 60 + below(minutes, 60)?))
}

/// A number of one or two digits below a limit.
fn below(text: &str, limit: i64) -> Option<i64> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let number = if plain { text.parse().ok()? } else { return None };
    (number < limit).then_some(number)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, for years from 1970 on.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Counting from March puts the leap day at a year's end.
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let in_era = y.rem_euclid(400);
    let of_year = (153 * m + 2) / 5 + day - 1;
    y.div_euclid(400) * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + of_year - 719_468
}
