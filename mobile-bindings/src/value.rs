//! Values of fields, as the other languages spell them.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::FieldError;

type Result<T> = std::result::Result<T, FieldError>;

/// A value of a field: what an item asks besides yes or no, or what somebody said in a conflict.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum Value {
    /// A count, or metres.
    Number {
        /// The number; whole ones are kept as such.
        number: f64,
    },
    /// A text, such as a note, a plate or the number of a permit.
    Text {
        /// The text.
        text: String,
    },
    /// Anything else, as JSON: a place, a photo, a list.
    Structure {
        /// The JSON text.
        json: String,
    },
}

impl Value {
    pub(crate) fn of(value: &Json) -> Value {
        match value {
            Json::String(text) => Value::Text { text: text.clone() },
            Json::Number(number) if number.as_f64().is_some() => {
                Value::Number { number: number.as_f64().unwrap_or_default() }
            }
            other => Value::Structure { json: other.to_string() },
        }
    }

    pub(crate) fn json(self, field: &str) -> Result<Json> {
        match self {
            Value::Text { text } => Ok(Json::from(text)),
            Value::Number { number } if number.fract() == 0.0 && number.abs() < MOST_WHOLE =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and within what both types hold exactly")]
                Ok(Json::from(number as i64))
            }
            Value::Number { number } if number.is_finite() => Ok(Json::from(number)),
            Value::Number { .. } => Err(FieldError::invalid(field, "is not a number")),
            Value::Structure { json } => {
                serde_json::from_str(&json).map_err(|error| FieldError::invalid(field, &error.to_string()))
            }
        }
    }

    pub(crate) fn all(values: &BTreeMap<String, Json>) -> HashMap<String, Value> {
        values.iter().map(|(name, value)| (name.clone(), Value::of(value))).collect()
    }

    pub(crate) fn all_json(values: HashMap<String, Value>) -> Result<BTreeMap<String, Json>> {
        let json = |(name, value): (String, Value)| {
            let value = value.json(&format!("values/{name}"))?;
            Ok((name, value))
        };
        values.into_iter().map(json).collect()
    }
}

/// Whole numbers up to here are exact in both languages' types.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_the_same_on_both_sides() {
        for json in
            [json!(3), json!(2.5), json!("鲁A12345"), json!(null), json!(true), json!({ "lat": 1.5 }), json!([1])]
        {
            assert_eq!(Value::of(&json).json("value").unwrap(), json);
        }
        assert_eq!(Value::Number { number: 3.0 }.json("count").unwrap().to_string(), "3", "a count is whole");
    }

    #[test]
    fn what_is_no_value_names_its_field() {
        for value in [Value::Number { number: f64::NAN }, Value::Structure { json: "{".into() }] {
            let error = value.json("values/count").unwrap_err();
            assert!(matches!(error, FieldError::Invalid { field, .. } if field == "values/count"));
        }
    }
}
