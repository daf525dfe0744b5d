//! The reader of WordNet's files: on the real ones where they are installed, and on damaged ones.

use std::io::Write;
use std::path::{Path, PathBuf};

use evenkeel_data::augment::text::{Eda, PartOfSpeech, StopWords, Synonyms, Tokens, WordNet};
use evenkeel_data::{DataError, FileError, Seed};
use proptest::prelude::*;

/// The folder of WordNet 3.0's files; a line says so where there is none.
#[expect(clippy::explicit_write, reason = "`eprintln!` is captured by the test harness")]
fn installed() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENKEEL_WORDNET").map_or("/usr/share/wordnet".into(), PathBuf::from);
    if folder.join("data.noun").exists() {
        return Some(folder);
    }
    let cure = "install Debian's wordnet-base, or set EVENKEEL_WORDNET to its folder";
    writeln!(std::io::stderr(), "skipped: {} has no WordNet; {cure}", folder.display()).unwrap();
    None
}

const DATA: &str = "  1 A licence.\n\
    00000010 03 n 02 happy_hour 0 Beer_O'Clock 1 001 @ 00000020 n 0000 | a time\n\
    00000020 03 n 03 time 0 clip 0 24/7 0 000 | time | bars\n";
const INDEX: &str =
    "  1 A licence.\nhappy_hour n 1 1 @ 1 0 00000010\ntime n 2 0 2 1 00000020 00000010\nclip n 1 0 1 0 00000020\n";

/// Writes a database whose nouns are these.
fn folder(data: &[u8], index: &[u8], exceptions: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    for part in ["verb", "adj", "adv"] {
        write(&format!("data.{part}"), b"");
        write(&format!("index.{part}"), b"");
    }
    write("data.noun", data);
    write("index.noun", index);
    write("noun.exc", exceptions);
    folder
}

fn read(data: &str, index: &str, exceptions: &str) -> Result<WordNet, DataError> {
    WordNet::read(folder(data.as_bytes(), index.as_bytes(), exceptions.as_bytes()).path())
}

#[test]
fn a_small_database() {
    let wordnet = read(DATA, INDEX, "tempora time\n").unwrap();
    assert_eq!(wordnet.size(), (3, 2));
    assert_eq!(wordnet.lookup("clip"), ["time"]);
    assert_eq!(wordnet.lookup("Happy hour"), ["beer oclock"]);
    assert_eq!(wordnet.lookup("times"), ["time", "clip", "happy hour", "beer oclock"]);
    assert_eq!(wordnet.lookup("tempora"), wordnet.lookup("times"));
    assert_eq!(wordnet.clone().with_senses(1).lookup("time"), ["clip"]);
    assert!(wordnet.lookup("24/7").is_empty() && wordnet.lookup(&"s".repeat(1 << 20)).is_empty());
    assert!(wordnet.only(&[PartOfSpeech::Verb]).lookup("time").is_empty());
}

#[test]
fn definitions_by_subject() {
    let data = "00000010 05 n 01 dog 0 000 | a pet; barks; \"he; barks\"; \"so\"  \n\
        00000020 06 n 01 cup 0 000 | (an \"example\") \n\
        00000030 05 n 01 cat 0 000\n\
        00000040 05 n 01 cow 0 000 | caf\u{e9} | b\n";
    // Latin-1, not UTF-8.
    let data: Vec<u8> = data.chars().map(|c| c as u8).collect();
    let folder = folder(&data, b"", b"");
    let definitions = |subject| WordNet::definitions(folder.path(), subject);
    assert_eq!(definitions("noun.animal").unwrap(), ["a pet; barks", "caf\u{fffd} | b"]);
    assert_eq!(definitions("noun.artifact").unwrap(), ["(an"]);
    assert!(definitions("noun.food").unwrap().is_empty() && definitions("verb.motion").unwrap().is_empty());
    let error = definitions("animal").unwrap_err();
    assert!(error.to_string().contains("such as noun.animal, got \"animal\""), "{error}");
    std::fs::remove_file(folder.path().join("data.verb")).unwrap();
    assert!(matches!(definitions("verb.motion"), Err(DataError::File(FileError::MissingFile { .. }))));
}

#[test]
fn malformed_databases() {
    let noun = |text: &str| text.replace("clip 0 24", "clip 0 x 24");
    let data = [
        noun(DATA),
        DATA.replace("00000020 03 n", "00000010 03 n"),
        DATA.replace("00000020 03 n", "+0000020 03 n"),
        DATA.replace("00000020 03 n", "99999999999 03 n"),
        DATA.replace("n 03 time", "v 03 time"),
        DATA.replace("03 n 03 time", "x3 n 03 time"),
        DATA.replace("n 03 time", "n ff time"),
        DATA.replace("n 03 time", "n 00 time"),
        DATA.replace("n 03 time", "n -3 time"),
        DATA.replace("00000020 03 n 03 time 0 clip 0 24/7 0 000", "00000020 03"),
    ];
    for data in data {
        let error = read(&data, INDEX, "").unwrap_err();
        assert!(
            matches!(&error, DataError::File(FileError::Line { path, line: 3, .. }) if path.ends_with("data.noun")),
            "{error}"
        );
        assert!(error.to_string().contains("expected a synset of the data file"), "{error}");
    }
    let damaged = folder(noun(DATA).as_bytes(), b"", b"");
    let error = WordNet::definitions(damaged.path(), "noun.Tops").unwrap_err();
    assert!(matches!(&error, DataError::File(FileError::Line { line: 3, .. })), "{error}");
    let index = [
        INDEX.replace("2 1 00000020 00000010", "2 1 00000020"),
        INDEX.replace("2 1 00000020 00000010", "2 1 00000020 00000011"),
        INDEX.replace("time n 2 0", "time n 2 9999999999999"),
        INDEX.replace("time n 2 0", "time v 2 0"),
        INDEX.replace("time n 2 0", "time n x 0"),
        INDEX.replace("time n 2 0 2 1 00000020 00000010", "time n 0 0 0 0"),
        INDEX.replace("time n 2 0", "happy_hour n 2 0"),
    ];
    for index in index {
        let error = read(DATA, &index, "").unwrap_err();
        assert!(
            matches!(&error, DataError::File(FileError::Line { path, line: 3, .. }) if path.ends_with("index.noun")),
            "{error}"
        );
    }
    let error = read(DATA, INDEX, "feet foot\nmice\n").unwrap_err();
    assert!(
        matches!(&error, DataError::File(FileError::Line { path, line: 2, .. }) if path.ends_with("noun.exc")),
        "{error}"
    );
    let folder = folder(b"\xff\xfe", b"", b"");
    assert!(matches!(WordNet::read(folder.path()), Err(DataError::File(FileError::Line { line: 1, .. }))));
    std::fs::remove_file(folder.path().join("index.adv")).unwrap();
    std::fs::write(folder.path().join("data.noun"), "").unwrap();
    let error = WordNet::read(folder.path()).unwrap_err();
    assert!(matches!(&error, DataError::File(FileError::MissingFile { tried, .. }) if tried == "index.adv"), "{error}");
    assert!(WordNet::read(Path::new("no/such/folder")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Random bytes over sound files: a database or an error, never a panic.
    #[test]
    fn damage_is_an_error_or_none(
        which in 0..3usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..6),
        noise in prop::collection::vec(any::<u8>(), 0..200),
        all_noise in prop::bool::weighted(0.2),
    ) {
        let mut files = [DATA.as_bytes().to_vec(), INDEX.as_bytes().to_vec(), b"tempora time\n".to_vec()];
        if all_noise {
            files[which] = noise;
        } else {
            for (at, byte, edit) in edits {
                let file = &mut files[which];
                let at = at.index(file.len());
                match edit {
                    0 => file[at] = byte,
                    1 => file.insert(at, byte),
                    _ => drop(file.remove(at)),
                }
            }
        }
        let folder = folder(&files[0], &files[1], &files[2]);
        match WordNet::read(folder.path()) {
            Ok(wordnet) => {
                for word in ["time", "times", "clip", "tempora"] {
                    wordnet.lookup(word);
                }
            }
            Err(error) => prop_assert!(matches!(error, DataError::File(FileError::Line { .. })), "{}", error),
        }
    }
}

/// The numbers of words and synsets are those of the manual page wnstats(7WN) for WordNet 3.0; the synonyms are those that
/// NLTK 3 gives for the same files by the paper's `get_synonyms`, without words with digits.
#[test]
fn the_real_files() {
    let Some(folder) = installed() else { return };
    let wordnet = WordNet::read(&folder).unwrap();
    assert_eq!(wordnet.size(), (117_798 + 11_529 + 21_479 + 4_481, 82_115 + 13_767 + 18_156 + 3_621));
    assert_eq!(
        wordnet.lookup("Quickly"),
        ["rapidly", "speedily", "chop chop", "apace", "promptly", "quick", "cursorily"]
    );
    let understood = wordnet.lookup("understood");
    assert_eq!(understood[..4], ["understand", "realize", "realise", "see"]);
    assert_eq!((understood.len(), understood[12..].to_vec()), (14, vec!["silent", "tacit"]));
    assert_eq!((wordnet.lookup("dogs").len(), wordnet.lookup("bigger").len()), (30, 35));
    assert_eq!((wordnet.lookup("galore"), wordnet.lookup("xyzzy")), (vec!["abounding"], vec![]));
    assert_eq!(wordnet.clone().only(&[PartOfSpeech::Adjective]).lookup("understood"), ["silent", "tacit"]);
    assert_eq!(wordnet.clone().with_senses(1).only(&[PartOfSpeech::Verb]).lookup("dog")[..2], ["chase", "chase after"]);

    let subjects = WordNet::subjects();
    let definitions = |subject: &&str| WordNet::definitions(&folder, subject).unwrap();
    // The numbers of the synsets of each file, counted with cut, sort and uniq.
    assert_eq!(["noun.animal", "noun.food", "verb.motion"].map(|s| definitions(&s).len()), [7509, 2573, 1408]);
    assert_eq!(subjects.iter().map(|subject| definitions(subject).len()).sum::<usize>(), wordnet.size().1);

    let text = "The dogs were running quickly through the beautiful old house; nobody understood why!";
    let replace = Eda::default().with_random_insertion(0.0).with_random_swap(0.0).with_random_deletion(0.0);
    let variants = replace.augment(text, &wordnet, Seed(7)).unwrap();
    let stop_words = StopWords::english();
    for variant in &variants {
        // Thirteen words at 0.1: one of them changes, into a synonym of its own.
        let changed = Tokens::new(text).words().iter().any(|word| {
            let synonyms = if stop_words.contains(word) { vec![] } else { wordnet.lookup(word) };
            synonyms.iter().any(|synonym| *variant == text.replacen(&**word, synonym, 1))
        });
        assert!(changed, "{variant}");
    }
    assert!(variants.iter().any(|variant| *variant != variants[0]));
}
