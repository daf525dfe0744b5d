//! The laws of text augmentation: what each operation changes, and what it leaves alone.

use std::collections::HashMap;

use evenkeel_data::augment::text::operations::{delete, insert, replace_synonyms, swap};
use evenkeel_data::augment::text::{Eda, Lines, StopWords, Synonyms, Table, Tokens};
use evenkeel_data::{DataError, Seed};
use proptest::prelude::*;

fn words<'a>(tokens: &'a Tokens<'_>) -> Vec<&'a str> {
    tokens.words().iter().map(|word| &**word).collect()
}

fn sorted<'a>(tokens: &'a Tokens<'_>) -> Vec<&'a str> {
    let mut words = words(tokens);
    words.sort_unstable();
    words
}

fn is_subsequence(part: &[&str], whole: &[&str]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|word| whole.any(|other| other == word))
}

/// Sentences with words that the built-in table has, words that it does not have, stop words, and punctuation.
fn sentences() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec!["the", "of", "don't", "Its"]),
        prop::sample::select(vec!["big", "Happy", "FILM", "film", "quick", "buy", "sad", "huge"]),
        prop::sample::select(vec!["zebra", "3.14", "naïve", "高", "兴", "дом", "क्षि", "e\u{301}t"]),
    ];
    let gap = prop::sample::select(vec![" ", " ", " ", ", ", " (", ") ", "… 👩‍🚀 ", "\r\n", " - "]);
    prop::collection::vec((word, gap), 1..30).prop_map(|parts| parts.into_iter().flat_map(|(a, b)| [a, b]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn replacement_changes_the_stated_number_of_distinct_words(text in sentences(), n in 0..8usize, seed: u64) {
        let (table, stop_words) = (Table::builtin(), StopWords::english());
        let before = Tokens::new(&text);
        let mut after = before.clone();
        let replaced = replace_synonyms(&mut after, n, &table, &stop_words, Seed(seed));

        let mut replaceable: Vec<String> = before.words().iter().map(|word| word.to_lowercase()).collect();
        replaceable.retain(|word| !stop_words.contains(word) && !table.lookup(word).is_empty());
        replaceable.sort();
        replaceable.dedup();
        prop_assert_eq!(replaced, n.min(replaceable.len()));

        // Every occurrence of a word became the same synonym of it.
        let mut became = HashMap::new();
        prop_assert_eq!(before.len(), after.len());
        for (old, new) in before.words().iter().zip(after.words()) {
            let (old, new) = (old.to_lowercase(), new.to_lowercase());
            prop_assert_eq!(became.entry(old).or_insert_with(|| new.clone()), &new);
        }
        became.retain(|old, new| old != new);
        prop_assert_eq!(became.len(), replaced);
        for (old, new) in &became {
            prop_assert!(table.lookup(old).contains(&new.as_str()), "{} for {}", new, old);
        }
    }

    #[test]
    fn insertion_adds_the_stated_number_of_synonyms(text in sentences(), n in 0..8usize, seed: u64) {
        let (table, stop_words) = (Table::builtin(), StopWords::english());
        let before = Tokens::new(&text);
        let mut after = before.clone();
        let added = insert(&mut after, n, &table, &stop_words, Seed(seed));
        let mut sources: Vec<&str> = before.words().iter().flat_map(|word| table.lookup(word)).collect();
        prop_assert_eq!(added, if sources.is_empty() { 0 } else { n });
        prop_assert_eq!(after.len(), before.len() + added);
        prop_assert!(is_subsequence(&words(&before), &words(&after)));
        sources.extend(words(&before));
        prop_assert!(after.words().iter().all(|word| sources.contains(&&**word)));
    }

    #[test]
    fn swaps_permute(text in sentences(), n in 0..8usize, seed: u64) {
        let before = Tokens::new(&text);
        let mut after = before.clone();
        let swapped = swap(&mut after, n, Seed(seed));
        prop_assert_eq!(swapped, if before.len() < 2 { 0 } else { n });
        prop_assert_eq!(sorted(&after), sorted(&before));
        let moved = before.words().iter().zip(after.words()).filter(|(a, b)| a != b).count();
        prop_assert!(moved <= 2 * swapped);
    }

    #[test]
    fn deletion_leaves_a_subsequence_of_at_least_one_word(text in sentences(), p in 0.0..=1.0, seed: u64) {
        let before = Tokens::new(&text);
        let mut after = before.clone();
        let deleted = delete(&mut after, p, Seed(seed)).unwrap();
        prop_assert_eq!(after.len() + deleted, before.len());
        prop_assert!(!after.is_empty());
        prop_assert!(is_subsequence(&words(&after), &words(&before)));
        // What is neither a word nor white space stays, in its order.
        let symbols = |text: &str| text.replace(|c: char| c.is_alphanumeric() || c.is_whitespace() || ".'".contains(c), "");
        let marks = |tokens: &Tokens<'_>| {
            let mut text = tokens.to_string();
            tokens.words().iter().for_each(|word| text = text.replacen(&**word, "", 1));
            symbols(&text)
        };
        if text.is_ascii() {
            prop_assert_eq!(marks(&after), marks(&before));
        }
    }

    #[test]
    fn eda_gives_n_variants_with_words_in_each(
        text in sentences(), n_aug in 1..40usize, seed: u64, which in 1..16u8, normalize: bool,
    ) {
        let alpha = |bit: u8| if which & bit > 0 { 0.3 } else { 0.0 };
        let mut eda = Eda::default()
            .with_synonym_replacement(alpha(1))
            .with_random_insertion(alpha(2))
            .with_random_swap(alpha(4))
            .with_random_deletion(alpha(8))
            .with_n_aug(n_aug);
        if normalize {
            eda = eda.normalized();
        }
        let table = Table::builtin();
        let variants = match eda.augment(&text, &table, Seed(seed)) {
            // Digits alone leave nothing when letters only are kept.
            Err(DataError::NoWords { .. }) if normalize && !text.contains(char::is_alphabetic) => return Ok(()),
            variants => variants.unwrap(),
        };
        prop_assert_eq!(variants.len(), n_aug);
        prop_assert!(variants.iter().all(|variant| !Tokens::new(variant).is_empty()));
        if normalize {
            let ok = |c: char| c == ' ' || !(c.is_uppercase() || c.is_numeric() || c.is_ascii_punctuation());
            prop_assert!(variants.iter().all(|variant| variant.chars().all(ok) && variant.trim() == variant));
        }
        prop_assert_eq!(eda.augment(&text, &table, Seed(seed)).unwrap(), variants);
    }
}

#[test]
fn each_operation_takes_its_share() {
    // 9 variants are drawn from three of each operation: of 4000 texts, 9000 of each are expected. Swaps keep the number of words and the
    // words, replacements the number, insertions add one; a variant by deletion is shorter or equal.
    let text = "One big zebra met two zebras.";
    let eda = Eda::default();
    let corpus = vec![(text, ()); 4000];
    let mut counts = [0; 3];
    for (variant, ()) in eda.augment_corpus(&corpus, &Table::builtin(), Seed(3)).unwrap() {
        let (before, after) = (Tokens::new(text), Tokens::new(&variant));
        counts[0] += usize::from(after.len() > before.len());
        counts[1] += usize::from(after.len() == before.len() && sorted(&after) != sorted(&before));
        counts[2] += usize::from(
            after.len() == before.len() && words(&after) != words(&before) && sorted(&after) == sorted(&before),
        );
    }
    // Of the 12 slots 9 are kept without replacement: a text's count of one kind has variance 9 (1/4) (3/4) (3/11) = 0.46, so
    // the sum over 4000 texts deviates by 43; five of these are 215. (Multi-word synonyms count as longer: "big" has none.)
    for count in counts {
        assert!((count as f64 - 9000.0).abs() < 215.0, "{counts:?}");
    }
}

#[test]
fn words_are_deleted_as_often_as_stated() {
    let text = vec!["word"; 10_000].join(" ");
    let mut tokens = Tokens::new(&text);
    let deleted = delete(&mut tokens, 0.1, Seed(5)).unwrap();
    // Binomial: mean 1000, deviation 30; five of them.
    assert!((deleted as f64 - 1000.0).abs() < 150.0, "{deleted}");
}

#[test]
fn seeds_and_positions_decide_alone() {
    let eda = Eda::default().with_alpha(0.3);
    let table = Table::builtin();
    let texts = ["A happy end to a sad film.", "The big dog and the small cat went home quickly."];
    let corpus: Vec<(&str, usize)> = (0..200).map(|i| (texts[i % 2], i)).collect();
    let augmented = eda.augment_corpus(&corpus, &table, Seed(7)).unwrap();
    assert_eq!(augmented.len(), 1800);
    for (i, (text, label)) in corpus.iter().enumerate() {
        let alone = eda.augment(text, &table, Seed(7).at(i as u64)).unwrap();
        let part = &augmented[9 * i..9 * (i + 1)];
        assert!(part.iter().all(|(_, l)| l == label));
        assert_eq!(part.iter().map(|(text, _)| text).collect::<Vec<_>>(), alone.iter().collect::<Vec<_>>());
    }
    assert_ne!(augmented[..9], augmented[18..27]);
    assert_ne!(eda.augment(texts[1], &table, Seed(1)).unwrap(), eda.augment(texts[1], &table, Seed(2)).unwrap());
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| eda.augment_corpus(&corpus, &table, Seed(7)).unwrap()), augmented);
    }
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let variants = Eda::default().augment("A quick, funny film with a Happy end.", &Table::builtin(), Seed(7)).unwrap();
    assert_eq!(
        variants[..3],
        [
            "A quick, funny film a Happy end.",
            "A quick, funny finish film with a Happy end.",
            "A quick, funny Happy with a film end.",
        ]
    );
}

#[test]
fn case_and_punctuation_stay() {
    let table = Table::from_tsv("big\tlarge\nstraße\tgasse\ni\tmyself\n".as_bytes(), "t", Lines::Headword).unwrap();
    let replaced = |text: &str| {
        let mut tokens = Tokens::new(text);
        replace_synonyms(&mut tokens, 9, &table, &StopWords::default(), Seed(1));
        tokens.to_string()
    };
    assert_eq!(replaced("Big, BIG (big) bIG!"), "Large, LARGE (large) large!");
    assert_eq!(replaced("STRASSE Straße"), "STRASSE Gasse");
    assert_eq!(replaced("I"), "Myself");

    let removed = |text: &str, position| {
        let mut tokens = Tokens::new(text);
        tokens.remove(position);
        tokens.to_string()
    };
    assert_eq!(removed("Hello, big world.", 1), "Hello, world.");
    assert_eq!(removed("Hello, big world.", 2), "Hello, big.");
    assert_eq!(removed("The big world", 0), "big world");
    assert_eq!(removed("The big world", 2), "The big");
    assert_eq!(removed("see (big) world", 1), "see () world");
    assert_eq!(removed("\"big dogs\" bark", 0), "\"dogs\" bark");
    assert_eq!(removed("a中b", 1), "a b");
}

#[test]
fn chinese_by_a_table_of_its_own() {
    let tsv = "\u{feff}# 同义词\r\n高兴\t快乐\t愉快\r\n电影\t影片\r\n";
    let table = Table::from_tsv(tsv.as_bytes(), "zh.tsv", Lines::Groups).unwrap();
    let text = "我很高兴，这部电影很好看！👍🏽";
    assert_eq!(
        words(&Tokens::with_dictionary(text, &table)),
        ["我", "很", "高兴", "这", "部", "电影", "很", "好", "看"]
    );
    let eda = Eda::default().with_random_insertion(0.0).with_random_swap(0.0).with_random_deletion(0.0);
    for variant in eda.augment(text, &table, Seed(7)).unwrap() {
        assert!(
            ["我很快乐，这部电影", "我很愉快，这部电影", "我很高兴，这部影片"]
                .iter()
                .any(|start| variant.starts_with(start)),
            "{variant}"
        );
        assert!(variant.ends_with("很好看！👍🏽"));
    }
    let eda = Eda::default().with_n_aug(40);
    for variant in eda.augment(text, &table, Seed(7)).unwrap() {
        assert!(!variant.contains(' ') && variant.contains('，') && variant.ends_with("！👍🏽"), "{variant}");
    }
    // Of overlapping words the longest from the left.
    let table =
        Table::from_tsv("研究\t钻研\n研究生\t学生\n生命\t性命\n".as_bytes(), "zh.tsv", Lines::Headword).unwrap();
    assert_eq!(words(&Tokens::with_dictionary("研究生命", &table)), ["研究生", "命"]);
    // A word that is only ever a synonym is a word of the table too.
    assert_eq!(words(&Tokens::with_dictionary("钻研", &table)), ["钻研"]);
}

#[test]
fn short_and_strange_texts() {
    let table = Table::builtin();
    let eda = Eda::default();
    assert_eq!(eda.augment("Zebra!", &table, Seed(1)).unwrap(), ["Zebra!"; 9]);
    let words = eda.clone().with_original().augment("the", &table, Seed(1)).unwrap();
    assert_eq!(words, ["the"; 10]);
    for text in ["", " \n", "…!? 👩‍🚀", "\u{301}"] {
        let error = eda.augment(text, &table, Seed(1)).unwrap_err();
        assert!(matches!(error, DataError::NoWords { .. }), "{error}");
    }
    let corpus = [("fine", 0), ("", 1), ("…", 1)];
    let error = eda.augment_corpus(&corpus, &table, Seed(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "text of sample 1: expected a text of at least one word, got \"\"; remove such texts first"
    );
    assert!(matches!(eda.augment_corpus::<&str, u8>(&[], &table, Seed(1)), Err(DataError::Empty { .. })));

    let normalized =
        eda.normalized().with_original().augment("Don't  panic-attack, Ｎaïve e\u{301}té 42!", &table, Seed(1));
    assert_eq!(normalized.unwrap()[9], "dont panic attack ｎaïve e\u{301}té");
}

#[test]
fn a_word_for_digits_is_none_when_letters_only_are_kept() {
    let table = Table::from_tsv("two\t2\n".as_bytes(), "t", Lines::Headword).unwrap();
    assert_eq!(
        Eda::default().normalized().with_n_aug(1).with_random_insertion(0.0).augment("Two", &table, Seed(0)).unwrap(),
        ["two"]
    );
}

#[test]
fn settings_out_of_range() {
    let table = Table::builtin();
    for alpha in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let each = [
            Eda::with_synonym_replacement,
            Eda::with_random_insertion,
            Eda::with_random_swap,
            Eda::with_random_deletion,
        ];
        for with in each {
            let error = with(Eda::default(), alpha).augment("a text", &table, Seed(0)).unwrap_err();
            assert!(error.to_string().contains("a probability from 0 to 1"), "{error}");
        }
        let mut tokens = Tokens::new("a text");
        assert!(matches!(delete(&mut tokens, alpha, Seed(0)), Err(DataError::Setting { .. })));
        assert_eq!(tokens.to_string(), "a text");
    }
    for n_aug in [0, 65_537, usize::MAX] {
        let error = Eda::default().with_n_aug(n_aug).augment_corpus(&[("a text", 0)], &table, Seed(0)).unwrap_err();
        assert!(error.to_string().starts_with("n_aug: expected a number of variants from 1 to 65536"), "{error}");
    }
    assert!(matches!(Eda::default().with_alpha(0.0).augment("a", &table, Seed(0)), Err(DataError::Setting { .. })));
    assert_eq!(Eda::default().with_alpha(1.0).augment("big dog", &table, Seed(0)).unwrap().len(), 9);
}

#[test]
fn the_papers_recommendations() {
    let table = Table::builtin();
    for (n_train, n_aug) in [(1, 16), (500, 16), (501, 8), (2000, 8), (2001, 4), (5000, 4), (1_000_000, 4)] {
        assert_eq!(Eda::recommended(n_train).augment("a text", &table, Seed(0)).unwrap().len(), n_aug);
    }
    // 40 words at 0.05 are two changes, at 0.1 four.
    let text = vec!["zebra"; 39].join(" ") + " big";
    for (n_train, inserted) in [(500, 2), (5000, 4)] {
        let only =
            Eda::recommended(n_train).with_synonym_replacement(0.0).with_random_swap(0.0).with_random_deletion(0.0);
        let variants = only.augment(&text, &table, Seed(0)).unwrap();
        assert!(variants.iter().all(|variant| Tokens::new(variant).len() == 40 + inserted));
    }
}
