//! Cutting a master file into entries and tokens (RFC 1035 5.1). Knows quoting, comments and
//! parentheses; does not know what the tokens mean.

use super::Problem;

/// One word of an entry, still with its escapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) raw: &'t [u8],
    pub(super) is_quoted: bool,
}

/// A line, or several that parentheses join.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    /// Where it starts, counted from 1.
    pub(super) line: u32,
    /// Whether it starts with space, which stands for the last owner.
    pub(super) is_indented: bool,
    pub(super) tokens: Vec<Token<'t>>,
}

/// A file being cut.
pub(super) struct Entries<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Entries<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        // A byte order mark is what some editors put in front.
        Self { text: text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text), at: 0, line: 1 }
    }

    /// The line that is being cut, for messages.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The next entry that has tokens.
    pub(super) fn next(&mut self) -> Result<Option<Entry<'t>>, Problem> {
        while let Some(first) = self.peek() {
            let line = self.line;
            let is_indented = matches!(first, b' ' | b'\t');
            let tokens = self.tokens()?;
            if !tokens.is_empty() {
                return Ok(Some(Entry { line, is_indented, tokens }));
            }
        }
        Ok(None)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn tokens(&mut self) -> Result<Vec<Token<'t>>, Problem> {
        let mut tokens = Vec::new();
        let mut depth = 0_u32;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    if depth == 0 {
                        return Ok(tokens);
                    }
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b';' => self.skip_comment(),
                b'(' => {
                    self.at += 1;
                    depth += 1;
                }
                b')' => {
                    self.at += 1;
                    depth = depth.checked_sub(1).ok_or(Problem::Parenthesis)?;
                }
                b'"' => tokens.push(self.quoted()?),
                _ => tokens.push(self.word()),
            }
        }
        if depth == 0 { Ok(tokens) } else { Err(Problem::Parenthesis) }
    }

    fn skip_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn quoted(&mut self) -> Result<Token<'t>, Problem> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                None | Some(b'\n') => return Err(Problem::Quote),
                Some(b'\\') if self.text.get(self.at + 1) != Some(&b'\n') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(Token { raw, is_quoted: true })
    }

    fn word(&mut self) -> Token<'t> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'"' => break,
                b'\\' if self.text.get(self.at + 1).is_some_and(|next| *next != b'\n') => {
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        Token { raw: &self.text[start..self.at], is_quoted: false }
    }
}

/// Takes one character, perhaps escaped, off the front: the byte, and whether it was escaped.
pub(super) fn take_char(raw: &mut &[u8]) -> Result<Option<(u8, bool)>, Problem> {
    let Some((first, rest)) = raw.split_first() else { return Ok(None) };
    *raw = rest;
    if *first != b'\\' {
        return Ok(Some((*first, false)));
    }
    let (next, rest) = raw.split_first().ok_or(Problem::Escape)?;
    if !next.is_ascii_digit() {
        *raw = rest;
        return Ok(Some((*next, true)));
    }
    let (digits, rest) = raw.split_first_chunk::<3>().ok_or(Problem::Escape)?;
    *raw = rest;
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.map(|byte| Some((byte, true))).ok_or(Problem::Escape)
}

impl Token<'_> {
    /// The token without its escapes.
    pub(super) fn unescaped(&self) -> Result<Vec<u8>, Problem> {
        let mut raw = self.raw;
        let mut bytes = Vec::with_capacity(raw.len());
        while let Some((byte, _)) = take_char(&mut raw)? {
            bytes.push(byte);
        }
        Ok(bytes)
    }

    /// The token as a keyword or number.
    pub(super) fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(self.raw).ok()
    }
}
