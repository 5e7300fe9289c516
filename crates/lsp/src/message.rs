//! JSON-RPC 2.0: bytes of a message into what they ask for, answers into bytes.
//!
//! <https://www.jsonrpc.org/specification>. A message that asks wrongly is told so by the answer
//! that it would have got, without ending the session.

use serde_json::{Value, json};

/// What a client sends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    /// It wants an answer with this id.
    Request { id: Value, method: String, params: Value },
    /// It wants none.
    Notification { method: String, params: Value },
    /// It answers a request of ours.
    Response,
}

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl Failure {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The bytes are no JSON.
    pub(crate) fn parse(why: impl Into<String>) -> Self {
        Self::new(-32700, why)
    }

    /// It is JSON and no message, or none for now.
    pub(crate) fn invalid_request(why: impl Into<String>) -> Self {
        Self::new(-32600, why)
    }

    /// Nothing is called so here.
    pub(crate) fn method_not_found(method: &str) -> Self {
        Self::new(-32601, format!("there is no method `{method}`"))
    }

    /// The method cannot read its parameters.
    pub(crate) fn invalid_params(why: impl Into<String>) -> Self {
        Self::new(-32602, why)
    }

    /// A mistake of ours.
    pub(crate) fn internal() -> Self {
        Self::new(-32603, "the server failed at this request; the session goes on")
    }

    /// `initialize` must come first.
    pub(crate) fn not_initialized() -> Self {
        Self::new(-32002, "the first request is `initialize`")
    }

    /// The client wanted it no more.
    pub(crate) fn cancelled() -> Self {
        Self::new(-32800, "cancelled by the client")
    }

    /// Too much is asked at once.
    pub(crate) fn busy() -> Self {
        Self::new(-32803, "too many requests are open: ask again when some are answered")
    }
}

impl Message {
    /// Reads a message; an error has the id that it can be told under, null where there is none.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, (Value, Failure)> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| (Value::Null, Failure::parse(format!("no JSON: {error}"))))?;
        let Value::Object(mut fields) = value else {
            return Err((Value::Null, Failure::invalid_request("a message is an object")));
        };
        let id = fields.remove("id");
        let usable = id.as_ref().is_none_or(|id| id.is_number() || id.is_string());
        let params = fields.remove("params").unwrap_or_default();
        match (fields.remove("method"), id) {
            (Some(Value::String(method)), None) => Ok(Self::Notification { method, params }),
            (Some(Value::String(method)), Some(id)) if usable => {
                Ok(Self::Request { id, method, params })
            }
            (None, Some(_)) if fields.contains_key("result") || fields.contains_key("error") => {
                Ok(Self::Response)
            }
            (_, id) => {
                let id = id.filter(|_| usable).unwrap_or_default();
                let why = "a request has a `method` and an `id` that is a number or a string";
                Err((id, Failure::invalid_request(why)))
            }
        }
    }
}

/// The answer to a request.
pub(crate) fn response(id: &Value, result: Result<Value, Failure>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(Failure { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    }
}

/// A message that wants no answer.
pub(crate) fn notification(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// A request to the client.
pub(crate) fn request(id: &str, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_fields() {
        let parse = |text: &str| Message::parse(text.as_bytes());
        assert_eq!(
            parse(r#"{"jsonrpc":"2.0","id":"a","method":"m"}"#),
            Ok(Message::Request { id: "a".into(), method: "m".into(), params: Value::Null })
        );
        assert!(matches!(parse(r#"{"method":"m"}"#), Ok(Message::Notification { .. })));
        assert_eq!(parse(r#"{"id":1,"result":null}"#), Ok(Message::Response));
    }

    #[test]
    fn a_wrong_message_is_answered_under_its_id_where_it_has_one() {
        let code = |text: &str| Message::parse(text.as_bytes()).unwrap_err();
        assert_eq!(code("{").1.code, -32700);
        assert_eq!(code("[]").1.code, -32600);
        assert_eq!(code(r#"{"id":7}"#).0, 7);
        assert_eq!(code(r#"{"id":{},"method":"m"}"#).0, Value::Null);
        assert_eq!(code(&"[".repeat(100_000)).1.code, -32700);
    }
}
