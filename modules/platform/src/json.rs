//! JSON from outside, read more strictly than derived code does by itself: what is promised to be an object is one.
//! Derived code would take a list of a struct's members, in their order, for the struct.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// Reads a whole text.
///
/// # Errors
/// It is not JSON, or not what is asked for; a list in an object's place is not.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut parser))?;
    parser.end()?;
    Ok(value)
}

/// What was expected, without the names that only this code knows. serde gives text only; its forms have been stable
/// since 1.0.
pub(crate) fn plainly(expected: &str) -> Cow<'_, str> {
    let plain = match expected {
        "a map" => "an object",
        "a sequence" => "a list",
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" => "a whole number within its range",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" | "u128" => "a whole number, not negative",
        "f32" | "f64" => "a number",
        "a borrowed string" => "a string",
        "unit" => "null",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") => "one of the forms that are described",
        _ => return Cow::Borrowed(expected),
    };
    Cow::Borrowed(plain)
}

/// serde's message with what it expected in plain words; without the place in the text.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    match message.split_once(", expected ") {
        Some((found, expected)) => format!("{found}, expected {}", plainly(expected)),
        None => message.to_owned(),
    }
}

/// Stands before a deserializer, and before everything that it hands out, and asks for a map where a struct is wanted.
pub(crate) struct Strict<T>(pub(crate) T);

macro_rules! ask {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* Strict(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    ask! {
        deserialize_any() deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize) deserialize_map()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Strict(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! tell {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    tell! {
        visit_bool(bool)
        visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128)
        visit_f32(f32) visit_f64(f64) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Strict(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Strict(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variants: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Strict(variants))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Strict(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Strict<A> {
    type Error = A::Error;
    type Variant = Strict<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(Strict(seed)).map(|(name, content)| (name, Strict(content)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Strict(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Strict(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.newtype_variant_seed(Object(visitor))
    }
}

/// The members of a variant.
struct Object<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Object<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_map(Strict(self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Point);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Nothing,
        Dot(Point),
        Line { to: Option<Point> },
        Pair(u8, Vec<Point>),
    }

    #[derive(Debug, Deserialize)]
    struct Held<'a> {
        #[serde(borrow)]
        raw: &'a RawValue,
        any: serde_json::Value,
    }

    #[test]
    fn objects_and_lists_are_read_as_what_they_are() {
        let dot = Point { x: 1 };
        assert_eq!(from_str::<Wrapped>(r#"{"x":1}"#).unwrap(), Wrapped(Point { x: 1 }));
        assert_eq!(from_str::<Shape>(r#""nothing""#).unwrap(), Shape::Nothing);
        assert_eq!(from_str::<Shape>(r#"{"dot":{"x":1}}"#).unwrap(), Shape::Dot(Point { x: 1 }));
        assert_eq!(from_str::<Shape>(r#"{"line":{"to":{"x":1}}}"#).unwrap(), Shape::Line { to: Some(dot) });
        assert_eq!(from_str::<Shape>(r#"{"line":{"to":null}}"#).unwrap(), Shape::Line { to: None });
        let pair = Shape::Pair(2, vec![Point { x: 1 }]);
        assert_eq!(from_str::<Shape>(r#"{"pair":[2,[{"x":1}]]}"#).unwrap(), pair);
        let held: Held<'_> = from_str(r#"{"raw":[ 1 ],"any":{"a":[1,{}]}}"#).unwrap();
        assert_eq!((held.raw.get(), held.any), ("[ 1 ]", serde_json::json!({"a":[1,{}]})));
    }

    #[test]
    fn a_reason_names_nothing_that_only_this_code_knows() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only parsed")]
        struct Numbers {
            small: Option<u8>,
            signed: Option<i64>,
            real: Option<f64>,
            text: Option<String>,
            shape: Option<Wrapped>,
        }
        for (text, reason) in [
            ("[]", "invalid type: sequence, expected an object"),
            ("7", "invalid type: integer `7`, expected an object"),
            (r#"{"small":300}"#, "invalid value: integer `300`, expected a whole number from 0 to 255"),
            (r#"{"small":"7"}"#, "invalid type: string \"7\", expected a whole number from 0 to 255"),
            (
                r#"{"signed":1.5}"#,
                "invalid type: floating point `1.5`, expected a whole number within its range",
            ),
            (r#"{"real":"x"}"#, "invalid type: string \"x\", expected a number"),
            (r#"{"text":{}}"#, "invalid type: map, expected a string"),
            (r#"{"shape":[1]}"#, "invalid type: sequence, expected an object"),
        ] {
            assert_eq!(plain(&from_str::<Numbers>(text).unwrap_err()), reason, "{text}");
        }
    }

    #[test]
    fn a_list_is_no_object_however_deep_it_stands() {
        assert!(serde_json::from_str::<Point>("[1]").is_ok(), "serde's own code takes it for one");
        assert!(from_str::<Point>("[1]").is_err());
        assert!(from_str::<Vec<Point>>("[[1]]").is_err());
        assert!(from_str::<Wrapped>("[1]").is_err());
        for text in
            [r#"{"dot":[1]}"#, r#"{"line":[null]}"#, r#"{"line":{"to":[1]}}"#, r#"{"pair":[2,[[1]]]}"#]
        {
            assert!(from_str::<Shape>(text).is_err(), "{text}");
        }
        assert!(from_str::<Held<'_>>("[1,2]").is_err());
        assert!(from_str::<Point>(r#"{"x":1} 2"#).is_err(), "more than one text");
    }
}
