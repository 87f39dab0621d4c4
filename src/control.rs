//! `control.sock`: how commands reach the process that owns the data, so that nothing changes behind its caches.
//!
//! One JSON object a line: a request `{"command": .., "arguments": ..}`, an answer `{"ok": ..}` or `{"error": ..}`.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// How long an owner may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Socket paths above this many bytes are refused: `sun_path` holds 108 with its terminator.
const LONGEST_PATH: usize = 100;
/// A request is a name and a few words.
const LONGEST_REQUEST: u64 = 64 * 1024;

/// Why a command did not reach its owner.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// The path would not fit a socket address.
    #[error("{0:?} is longer than {LONGEST_PATH} bytes; choose a shorter data directory")]
    PathTooLong(PathBuf),
    /// The owner holds the lock but does not answer.
    #[error("the running server did not answer within {PATIENCE:?}")]
    Silent,
    /// The owner refused.
    #[error("{0}")]
    Refused(String),
    /// The socket failed.
    #[error("control.sock: {0}")]
    Io(#[from] std::io::Error),
    /// The owner answered something else than JSON.
    #[error("the running server gave an unreadable answer")]
    Unreadable,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    command: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Response {
    Ok(Value),
    Error(String),
}

/// What carries commands out, in the owner or in a command that works alone.
#[async_trait]
pub(crate) trait Operator: Send + Sync {
    /// Carries one command out; the error is for the person who typed it.
    async fn operate(&self, command: &str, arguments: Value) -> Result<Value, String>;
}

/// Where the socket of a data directory is.
pub(crate) fn path_in(data_dir: &Path) -> Result<PathBuf, ControlError> {
    let path = data_dir.join("control.sock");
    if path.as_os_str().len() > LONGEST_PATH { Err(ControlError::PathTooLong(path)) } else { Ok(path) }
}

/// The socket, bound but not answering yet.
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

/// Takes the socket's place. The caller holds the data directory's lock, so a socket that is there is stale.
pub(crate) fn bind(data_dir: &Path) -> Result<Control, ControlError> {
    let path = path_in(data_dir)?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Control { listener, path })
}

/// Answers until `stop` completes.
pub(crate) async fn serve(control: Control, operator: Arc<dyn Operator>, stop: impl Future<Output = ()>) {
    let accept = async {
        loop {
            let Ok((stream, _)) = control.listener.accept().await else { continue };
            let operator = operator.clone();
            tokio::spawn(async move {
                // A caller that hangs up gets no answer; the command itself has been carried out or not.
                let _ = answer(stream, operator.as_ref()).await;
            });
        }
    };
    tokio::select! { () = accept => {}, () = stop => {} }
    // The next owner removes what is left behind.
    let _ = std::fs::remove_file(&control.path);
}

async fn answer(stream: UnixStream, operator: &dyn Operator) -> Result<(), ControlError> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(LONGEST_REQUEST)).read_line(&mut line).await?;
    let response = match serde_json::from_str::<Request>(&line) {
        Err(_) => Response::Error("unreadable request".to_owned()),
        Ok(request) => match operator.operate(&request.command, request.arguments).await {
            Ok(value) => Response::Ok(value),
            Err(reason) => Response::Error(reason),
        },
    };
    let mut text = serde_json::to_string(&response).map_err(|_| ControlError::Unreadable)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await?;
    Ok(())
}

/// Asks the owner of a data directory; `None` when nobody listens there.
pub(crate) async fn ask(
    data_dir: &Path,
    command: &str,
    arguments: Value,
) -> Result<Option<Value>, ControlError> {
    let mut stream = match UnixStream::connect(path_in(data_dir)?).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let request = Request { command: command.to_owned(), arguments };
    let mut text = serde_json::to_string(&request).map_err(|_| ControlError::Unreadable)?;
    text.push('\n');
    let exchange = async {
        stream.write_all(text.as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        Ok::<_, std::io::Error>(line)
    };
    let line = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| ControlError::Silent)??;
    match serde_json::from_str(&line).map_err(|_| ControlError::Unreadable)? {
        Response::Ok(value) => Ok(Some(value)),
        Response::Error(reason) => Err(ControlError::Refused(reason)),
    }
}
