//! Texts as words and gaps: nothing is lost, and no edit makes words run together.

use evenkeel_data::augment::text::{Lines, Table, Tokens};
use proptest::prelude::*;

fn words<'a>(tokens: &'a Tokens<'_>) -> Vec<&'a str> {
    tokens.words().iter().map(|word| &**word).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn joining_the_tokens_gives_the_text(text in "\\PC*|[a-c .,'’_\\-\\r\\n\\u{301}\\u{200d}1２中あアก👩🇩]*") {
        prop_assert_eq!(Tokens::new(&text).to_string(), text.as_str());
        let table = Table::from_tsv("中あ\tアก\nab\tc\n".as_bytes(), "t", Lines::Groups).unwrap();
        let tokens = Tokens::with_dictionary(&text, &table);
        prop_assert_eq!(tokens.to_string(), text.as_str());
        prop_assert!(tokens.words().iter().all(|word| word.contains(char::is_alphanumeric)));
    }

    /// After any edit the text has the words that the tokens say: none run together, none is cut.
    #[test]
    fn edits_keep_words_apart(
        text in "[a-c .,:'\"_\\n\\u{301}\\u{200d}\\u{ad}1中あアกאé👩🇩]{0,20}|\\PC{0,20}",
        edits in prop::collection::vec((0..4, 0..100usize, 0..100usize), 1..8),
    ) {
        let mut tokens = Tokens::new(&text);
        for (edit, a, b) in edits {
            let len = tokens.len();
            match edit {
                0 if len > 0 => tokens.swap(a % len, b % len),
                1 if len > 0 => tokens.remove(a % len),
                2 if len > 0 => tokens.replace(a % len, ["ab", "中", "2", "ア"][b % 4]),
                _ => tokens.insert(a % (len + 1), ["ab", "中", "2", "ア"][b % 4]),
            }
            let text = tokens.to_string();
            let again = Tokens::new(&text);
            prop_assert_eq!(words(&again), words(&tokens), "{:?}", text);
        }
    }
}

/// A vowel sign of Ahom is a letter to Unicode and a cluster of its own, but no word: it would be lost to what stands before it.
#[test]
fn a_mark_alone_is_no_word() {
    for mark in ["\u{11720}", "\u{301}", "\u{903}"] {
        assert!(Tokens::new(mark).is_empty() && Tokens::new(&format!(" {mark}")).is_empty(), "{mark}");
    }
    let mut tokens = Tokens::new("\u{11720}ᝮ{a");
    tokens.swap(0, 1);
    assert_eq!(words(&Tokens::new(&tokens.to_string())), words(&tokens));
}
