use crate::openai::error::ErrorBody;

/// A comment that keeps a silent connection open; clients ignore it.
pub const PING_COMMENT: &[u8] = b": ping\n\n";

/// The event that ends an OpenAI stream.
pub const DONE_EVENT: &[u8] = b"data: [DONE]\n\n";

/// Appends an event that has only data. A line break inside the data makes a further `data` line.
pub fn encode_data(data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + 8);
    let mut rest = data;
    loop {
        out.extend_from_slice(b"data: ");
        let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else {
            out.extend_from_slice(rest);
            out.extend_from_slice(b"\n\n");
            return;
        };
        let (line, broken) = rest.split_at(end);
        out.extend_from_slice(line);
        out.push(b'\n');
        rest = broken.strip_prefix(b"\r\n").unwrap_or_else(|| broken.get(1..).unwrap_or_default());
    }
}

/// Appends an event with a name. The name must not contain a line break; what follows one is dropped.
pub fn encode_event(name: &str, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.split(['\n', '\r']).next().unwrap_or_default().as_bytes());
    out.push(b'\n');
    encode_data(data, out);
}

/// Appends an error in OpenAI's form. Official clients raise on any chunk with a truthy `error` key; no
/// `[DONE]` may follow it.
pub fn encode_error(error: &ErrorBody<'_>, out: &mut Vec<u8>) {
    encode_data(&error.to_json(), out);
}
