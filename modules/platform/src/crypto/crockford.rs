//! Crockford's base32: no digit that people confuse, and forgiving when it is read.

const DIGITS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm',
    'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
];

/// The lower-case digits of the bytes, most significant bit first; the last digit is padded with zero bits.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0_u16, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(buffer >> bits));
        }
    }
    if bits > 0 {
        text.push(digit(buffer << (5 - bits)));
    }
    text
}

fn digit(value: u16) -> char {
    DIGITS.get(usize::from(value & 31)).copied().unwrap_or('0')
}

/// The bytes behind the digits: capitals count as small letters, `o` as zero, `i` and `l` as one. Bits that do not fill
/// a byte have to be zero.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for letter in text.chars() {
        buffer = ((buffer << 5) | value(letter)?) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    let rest = buffer & ((1 << bits) - 1);
    (bits < 5 && rest == 0).then_some(bytes)
}

fn value(letter: char) -> Option<u32> {
    let letter = match letter.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    DIGITS.iter().zip(0..).find_map(|(digit, value)| (*digit == letter).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_read_back() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|place| place.wrapping_mul(37) ^ 0xa5).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn what_people_confuse_is_forgiven_and_the_rest_refused() {
        assert_eq!(decode("0O1iL1OO"), decode("00111100"));
        assert_eq!(decode("ABCDEFGH"), decode("abcdefgh"));
        for bad in ["u0000000", "0-000000", "é", "0", "1z", "000"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
