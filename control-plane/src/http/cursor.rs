//! Keyset cursors: opaque, authentic, and good only for the list and filters they came from.

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::{ApiError, Code, FieldError};

/// Makes and reads cursors, by a key of this installation: one from any replica is good at all.
#[derive(Debug, Clone)]
pub struct Cursors(hmac::Key);

/// What a caller wants to see of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<P> {
    /// 1 to [`MOST`].
    pub limit: usize,
    /// The last position that was seen.
    pub after: Option<P>,
}

impl<P> Page<P> {
    /// Rows to fetch: one more than the page holds tells whether there are more.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1)
    }
}

pub const USUAL: u32 = 100;
pub const MOST: u32 = 500;
const TAG: usize = 16;

impl Cursors {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Reads `limit` and `cursor` of a query. `list` names the list, `filters` all that narrows it.
    pub fn page<P: DeserializeOwned>(
        &self,
        list: &str,
        filters: &impl Serialize,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<P>, ApiError> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let error = FieldError::invalid("?limit", format!("expected 1 to {MOST}"));
            return Err(ApiError::new(Code::InvalidQuery).errors(vec![error]));
        }
        let after = match cursor {
            Some(text) => Some(self.open(list, filters, text).ok_or_else(|| ApiError::new(Code::InvalidCursor))?),
            None => None,
        };
        Ok(Page { limit: limit as usize, after })
    }

    /// Cuts `rows`, fetched one too many, to the page, and makes the cursor if there are more.
    pub fn cut<T, P: Serialize>(
        &self,
        list: &str,
        filters: &impl Serialize,
        limit: usize,
        rows: &mut Vec<T>,
        position: impl FnOnce(&T) -> P,
    ) -> Option<String> {
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(|last| self.seal(list, filters, &position(last)))
    }

    fn seal(&self, list: &str, filters: &impl Serialize, position: &impl Serialize) -> String {
        let body = serde_json::to_vec(position).expect("a position is ids and numbers");
        let tag = self.tag(list, filters, &body);
        URL_SAFE_NO_PAD.encode([&tag[..], &body].concat())
    }

    fn open<P: DeserializeOwned>(&self, list: &str, filters: &impl Serialize, text: &str) -> Option<P> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG)?;
        constant_time::verify_slices_are_equal(tag, &self.tag(list, filters, body)).ok()?;
        serde_json::from_slice(body).ok()
    }

    fn tag(&self, list: &str, filters: &impl Serialize, body: &[u8]) -> [u8; TAG] {
        let filters = serde_json::to_vec(filters).expect("filters are texts and numbers");
        let mut context = hmac::Context::with_key(&self.0);
        for part in [list.as_bytes(), &filters, body] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; TAG];
        tag.copy_from_slice(&context.sign().as_ref()[..TAG]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_only_unchanged_and_for_its_own_list() {
        let cursors = Cursors::new(&[1; 32]);
        let mut rows = vec![1, 2, 3];
        let cursor = cursors.cut("a", &"f", 2, &mut rows, |row| *row).unwrap();
        assert_eq!(rows, [1, 2]);
        let page = |list: &str, filters: &str, cursor: &str| {
            cursors.page::<i64>(list, &filters, None, Some(cursor)).map(|page| page.after).map_err(|error| error.code())
        };
        assert_eq!(page("a", "f", &cursor), Ok(Some(2)));
        assert_eq!(page("b", "f", &cursor), Err(Code::InvalidCursor));
        assert_eq!(page("a", "g", &cursor), Err(Code::InvalidCursor));
        for at in 0..cursor.len() {
            let mut bent = cursor.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(page("a", "f", std::str::from_utf8(&bent).unwrap()), Err(Code::InvalidCursor), "{at}");
            assert_eq!(page("a", "f", &cursor[..at]), Err(Code::InvalidCursor));
        }
        assert_eq!(
            Cursors::new(&[2; 32]).page::<i64>("a", &"f", None, Some(&cursor)).unwrap_err().code(),
            Code::InvalidCursor
        );
    }

    #[test]
    fn the_last_page_has_no_cursor_and_limits_have_bounds() {
        let cursors = Cursors::new(&[1; 32]);
        assert_eq!(cursors.cut("a", &"", 2, &mut vec![1, 2], |row| *row), None);
        for limit in [0, MOST + 1] {
            assert_eq!(cursors.page::<i64>("a", &"", Some(limit), None).unwrap_err().code(), Code::InvalidQuery);
        }
    }
}
