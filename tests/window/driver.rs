//! The real window, driven through WebKitWebDriver.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use serde_json::{Value, json};

use crate::world::{Person, Running, app};

/// How long anything on the screen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What may be activated by a person: everything with a name that is a button, a tab, an option, an entry or a link.
const ACTIVE: &str = "self::button or self::a or @role='button' or @role='menuitem' or @role='tab' or \
                      @role='option' or @role='treeitem' or @role='row' or @role='listitem' or @role='link'";

/// One person's window.
pub struct Window {
    client: Client,
    _driver: Running,
    _app: Opened,
}

/// The app on a data folder. WebKitWebDriver ends it as a rule; it must be gone before another one is opened there.
struct Opened(PathBuf);

impl Opened {
    /// The ids of the processes that have the folder's window.
    fn running(&self) -> Vec<String> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter(|process| {
                let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
                let mut words = line.split(|byte| *byte == 0);
                let is_app = words
                    .next()
                    .is_some_and(|word| word == app().as_os_str().as_encoded_bytes());
                is_app && words.any(|word| word == self.0.as_os_str().as_encoded_bytes())
            })
            .map(|process| process.file_name().to_string_lossy().into_owned())
            .collect()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(3) && !self.running().is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        for id in self.running() {
            let _ = Command::new("kill").args(["-9", &id]).status();
        }
    }
}

impl Window {
    /// Opens the app on `person`'s replica.
    pub async fn open(person: &Person) -> Self {
        Self::open_as_large_as(person, "1360,860", 1).await
    }

    /// Opens the app on `person`'s replica: `size` in logical pixels, each `scale` pixels of the screen wide and high.
    pub async fn open_as_large_as(person: &Person, size: &str, scale: u8) -> Self {
        Self::begin(person, size, scale, None).await
    }

    /// Opens the app on `person`'s replica; the programs in this folder are found before those of the system.
    pub async fn open_with_programs(person: &Person, programs: &Path) -> Self {
        Self::begin(person, "1360,860", 1, Some(programs)).await
    }

    async fn begin(person: &Person, size: &str, scale: u8, programs: Option<&Path>) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = programs
            .map(Path::to_owned)
            .into_iter()
            .chain(std::env::split_paths(&path));
        let path = std::env::join_paths(places).expect("a search path");
        let port = free_port();
        let driver = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("BEHALF_KEYCHAIN", "off")
            .env("GDK_SCALE", scale.to_string())
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let driver = Running(driver.expect("WebKitWebDriver starts (package webkit2gtk-driver)"));
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "WebKitWebDriver does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let options = json!({"webkitgtk:browserOptions": {
            "binary": app(),
            "args": ["--data", person.data, "--size", size],
        }});
        let capabilities = options.as_object().cloned().unwrap_or_default();
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the app opens under WebKitWebDriver");
        let window = Self {
            client,
            _driver: driver,
            _app: Opened(person.data.clone()),
        };
        window.remember_what_is_said().await;
        window
    }

    /// Closes the window as a person would, and waits until the app has ended.
    pub async fn close(self) {
        self.client.close().await.expect("the window closes");
    }

    /// From now on keeps every text the window shows, however short its life (E-02).
    async fn remember_what_is_said(&self) {
        self.run(
            "if (!window.said) { window.said = []; \
               const keep = () => { const text = document.body.innerText; \
                 if (text !== window.said[window.said.length - 1]) window.said.push(text); \
                 if (window.said.length > 500) window.said.shift(); }; \
               new MutationObserver(keep).observe(document.body, {subtree: true, childList: true, characterData: true}); \
               keep(); }",
        )
        .await;
    }

    /// True when `text` was on the screen at any time since the window opened.
    pub async fn has_said(&self, text: &str) -> bool {
        let said = self
            .client
            .execute(
                "return window.said.some(said => said.includes(arguments[0]))",
                vec![json!(text)],
            )
            .await
            .expect("a script runs");
        said == Value::Bool(true)
    }

    /// Everything on the screen, as text.
    pub async fn text(&self) -> String {
        self.run("return document.body.innerText")
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits until `text` is on the screen.
    pub async fn shows(&self, text: &str) {
        let started = Instant::now();
        loop {
            let shown = self.text().await;
            if shown.contains(text) {
                return;
            }
            if started.elapsed() > PATIENCE {
                self.picture("failed").await;
                panic!("“{text}” is not shown; the window says:\n{shown}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits for `text` to have been on the screen, even if it is gone again.
    pub async fn says(&self, text: &str) {
        let started = Instant::now();
        while !self.has_said(text).await {
            if started.elapsed() > PATIENCE {
                self.picture("failed").await;
                panic!(
                    "“{text}” was never shown; the window says:\n{}",
                    self.text().await
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Chooses what goes by `name`: a button, an entry of a menu, a tab, an option.
    pub async fn choose(&self, name: &str) {
        self.click(&format!(
            "//*[{ACTIVE}][not(ancestor::*[@inert])][@aria-label={0} or normalize-space(.)={0}]",
            quoted(name)
        ))
        .await;
    }

    /// Clicks the first visible match, as soon as there is one.
    pub async fn click(&self, xpath: &str) {
        let started = Instant::now();
        loop {
            // What is drawn anew between finding and clicking is simply found again; what moves is waited for, as a
            // hand would: the pointer goes where it was.
            if let Some(element) = self.visible(xpath).await
                && self.stands_still(&element).await
                && element.click().await.is_ok()
            {
                return;
            }
            if started.elapsed() > PATIENCE {
                self.picture("failed").await;
                panic!(
                    "nothing to click matches {xpath}; the window says:\n{}",
                    self.text().await
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Is the element where it was two frames ago?
    async fn stands_still(&self, element: &Element) -> bool {
        let Ok(element) = serde_json::to_value(element) else {
            return false;
        };
        let still = self.client.execute_async(
            "const [element, done] = arguments; \
             const place = () => { const {x, y, width, height} = element.getBoundingClientRect(); \
               return [x, y, width, height].join(); }; \
             const before = place(); \
             requestAnimationFrame(() => requestAnimationFrame(() => done(place() === before)));",
            vec![element],
        );
        still.await.is_ok_and(|still| still == Value::Bool(true))
    }

    /// Waits for an element and gives it.
    pub async fn find(&self, xpath: &str) -> Element {
        let started = Instant::now();
        loop {
            if let Some(element) = self.visible(xpath).await {
                return element;
            }
            if started.elapsed() > PATIENCE {
                self.picture("failed").await;
                panic!("nothing matches {xpath}; the window says:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nothing visible matches.
    pub async fn gone(&self, xpath: &str) {
        let started = Instant::now();
        while self.visible(xpath).await.is_some() {
            if started.elapsed() > PATIENCE {
                self.picture("failed").await;
                panic!("{xpath} is still there; the window says:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Chooses an option of a list by its value.
    pub async fn option(&self, xpath: &str, value: &str) {
        let list = self.find(xpath).await;
        list.select_by_value(value).await.expect("the option is there");
    }

    /// Writes into a field.
    pub async fn write(&self, xpath: &str, text: &str) {
        let field = self.find(xpath).await;
        field.send_keys(text).await.expect("keys are taken");
    }

    /// What has the focus.
    pub async fn focus(&self) -> Element {
        self.client
            .active_element()
            .await
            .expect("something has the focus")
    }

    /// The first visible match.
    async fn visible(&self, xpath: &str) -> Option<Element> {
        for element in self.client.find_all(Locator::XPath(xpath)).await.ok()? {
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client
            .execute(script, Vec::new())
            .await
            .expect("a script runs")
    }

    /// Keeps a picture of the window in `tests/out/<name>.png`.
    pub async fn picture(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("out");
        std::fs::create_dir_all(&folder).expect("tests/out");
        // What the page already knows, the screen shows a moment later.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let png = self.client.screenshot().await.expect("a screenshot");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("the picture is written");
    }
}

/// A port nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its number").port()
}

/// An XPath string literal.
pub fn quoted(text: &str) -> String {
    if text.contains('\'') {
        format!("\"{text}\"")
    } else {
        format!("'{text}'")
    }
}
