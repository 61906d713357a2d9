//! Where something is: the data of LOC records (RFC 1876 2, 3).
//!
//! Angles are kept in thousandths of a second from the equator and the meridian, heights in
//! centimetres above a sphere below the sea, sizes as a digit and a power of ten.

use super::Problem;

/// Where the equator, the prime meridian, is: latitude and longitude are counted from here.
const ZERO_ANGLE: u32 = 1 << 31;
/// How far below the sea heights are counted from, in centimetres.
const BASE_CM: i64 = 10_000_000;
/// What size and precisions are if not given: 1 m, 10 km, 10 m, in centimetres.
const USUAL_CM: [u64; 3] = [100, 1_000_000, 1_000];
/// The greatest size: nine times ten to the ninth.
const SIZE_CM_MAX: u64 = 9_000_000_000;

/// Appends the data that these words say.
pub(super) fn append(words: &[&str], data: &mut Vec<u8>) -> Result<(), Problem> {
    let mut rest = words;
    let latitude = angle(&mut rest, ["N", "S"], 90)?;
    let longitude = angle(&mut rest, ["E", "W"], 180)?;
    let (altitude, sizes) = rest.split_first().ok_or(Problem::Data)?;
    let altitude = altitude_cm(altitude)?;
    if sizes.len() > USUAL_CM.len() {
        return Err(Problem::Data);
    }
    let mut bytes = [0; 3];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let given = sizes.get(index).map(|size| centimetres(size)).transpose()?;
        *byte = exponential(given.unwrap_or(USUAL_CM[index]))?;
    }
    // Version 0, then size, horizontal and vertical precision.
    data.push(0);
    data.extend(bytes);
    [latitude, longitude, altitude].iter().for_each(|number| data.extend(number.to_be_bytes()));
    Ok(())
}

/// Takes degrees, perhaps minutes and seconds, and the half of the globe.
fn angle(rest: &mut &[&str], halves: [&str; 2], degrees_max: u32) -> Result<u32, Problem> {
    let is_half = |word: &&str| halves.iter().any(|half| half.eq_ignore_ascii_case(word));
    let count = rest.iter().position(is_half).filter(|count| (1..=3).contains(count));
    let count = count.ok_or(Problem::Data)?;
    let (parts, others) = rest.split_at(count);
    let whole = |index: usize, max: u32| match parts.get(index) {
        None => Some(0),
        Some(part) => part.parse().ok().filter(|number: &u32| *number <= max),
    };
    let degrees = whole(0, degrees_max).ok_or(Problem::Data)?;
    let minutes = whole(1, 59).ok_or(Problem::Data)?;
    let thousandths = parts.get(2).map_or(Some(0), |seconds| decimal(seconds, 3));
    let thousandths = thousandths.filter(|number| *number < 60_000).ok_or(Problem::Data)?;
    let thousandths = u32::try_from(thousandths).map_err(|_| Problem::Data)?;
    let total = (degrees * 60 + minutes) * 60_000 + thousandths;
    if total > degrees_max * 3_600_000 {
        return Err(Problem::Data);
    }
    *rest = &others[1..];
    let is_positive = others[0].eq_ignore_ascii_case(halves[0]);
    Ok(if is_positive { ZERO_ANGLE + total } else { ZERO_ANGLE - total })
}

fn altitude_cm(word: &str) -> Result<u32, Problem> {
    let (is_below, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let height = i64::try_from(centimetres(digits)?).map_err(|_| Problem::Data)?;
    let height = if is_below { BASE_CM - height } else { BASE_CM + height };
    u32::try_from(height).map_err(|_| Problem::Data)
}

/// Metres, with or without their unit, in centimetres.
fn centimetres(word: &str) -> Result<u64, Problem> {
    let digits = word.strip_suffix(['m', 'M']).unwrap_or(word);
    decimal(digits, 2).ok_or(Problem::Data)
}

/// A number with at most this many decimals, as a multiple of the last one.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() > places
        || !are_digits(whole)
        || !are_digits(part)
        || text.len() == text.matches('.').count()
    {
        return None;
    }
    let padded = format!("{whole}{part:0<places$}");
    padded.parse().ok()
}

/// A digit and its power of ten, of which the size is the product.
fn exponential(size_cm: u64) -> Result<u8, Problem> {
    if size_cm > SIZE_CM_MAX {
        return Err(Problem::Data);
    }
    let (mut digit, mut power) = (size_cm, 0);
    while digit > 9 {
        digit /= 10;
        power += 1;
    }
    u8::try_from(digit << 4 | power).map_err(|_| Problem::Data)
}
