//! A whole provider: notes in files. One resource, one function. `tests/terraform.rs` applies it.

use std::{fs, io, process::ExitCode};

use tfplugin::prelude::*;

/// A note in a file.
#[derive(Clone, Debug, TerraformSchema)]
struct NoteState {
    /// Path of the file. Changing it makes another note.
    #[tf(required, requires_replace, validate = absolute)]
    file: Value<String>,
    /// What the note says.
    #[tf(optional, default = "to do")]
    text: Value<String>,
    /// How many bytes the note has.
    #[tf(computed, not_null, unknown_on_update)]
    size: Value<i64>,
}

fn absolute(file: &str) -> Result<(), String> {
    file.starts_with('/').then_some(()).ok_or_else(|| format!("{file:?} does not start with a slash"))
}

fn failed(doing: &str, error: &io::Error) -> Diagnostics {
    Diagnostic::error(format!("Cannot {doing} note"), format!("The file system says: {error}.")).into()
}

fn write(mut note: NoteState) -> Outcome {
    let text = note.text.known().cloned().unwrap_or_default();
    fs::write(file(&note), &text).map_err(|error| failed("write", &error))?;
    note.size = i64::try_from(text.len()).ok().into();
    Ok(note)
}

fn file(note: &NoteState) -> &str {
    note.file.known().map_or("", String::as_str)
}

type Outcome<T = NoteState> = Result<T, Diagnostics>;

struct Note;

impl Resource for Note {
    type State = NoteState;
    type Identity = NoIdentity;
    const TYPE_NAME: &'static str = "notes_note";

    fn identity(&self, _: &NoteState) -> NoIdentity {
        NoIdentity
    }

    async fn create(&self, _: &Context, new: Create<NoteState>, _: &Progress<NoteState>) -> Outcome {
        write(new.planned)
    }

    async fn read(&self, _: &Context, mut note: NoteState) -> Outcome<Option<NoteState>> {
        let text = match fs::read_to_string(file(&note)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| failed("read", &error))?,
        };
        note.size = i64::try_from(text.len()).ok().into();
        note.text = Value::Known(text);
        Ok(Some(note))
    }

    async fn update(&self, _: &Context, change: Update<NoteState>, _: &Progress<NoteState>) -> Outcome {
        write(change.planned)
    }

    async fn delete(&self, _: &Context, note: NoteState) -> Outcome<()> {
        fs::remove_file(file(&note)).map_err(|error| failed("remove", &error))
    }
}

/// `provider::notes::title(text)`.
struct Title;

impl Function for Title {
    const NAME: &'static str = "title";

    fn signature(&self) -> Signature {
        let text = Parameter::new("text", Type::String, "The note.");
        Signature::new("First line of a note", Type::String).parameter(text)
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        let text = arguments.first().and_then(RawValue::as_str).unwrap_or_default();
        Ok(RawValue::string(text.lines().next().unwrap_or_default()))
    }
}

struct Notes;

impl Provider for Notes {
    type Config = NoConfig;

    async fn configure(&self, _: &Context, _: NoConfig) -> Outcome<()> {
        Ok(())
    }

    fn resources(&self) -> Vec<Box<dyn ErasedResource>> {
        vec![Box::new(Note)]
    }

    fn functions(&self) -> Vec<Box<dyn ErasedFunction>> {
        vec![Box::new(Title)]
    }
}

fn main() -> ExitCode {
    let address = "registry.terraform.io/acme/notes";
    serve(|| Notes, Options { address, name: "notes", version: "0.1.0" })
}
