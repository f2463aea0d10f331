//! Real mail servers: Postfix as the relay, Dovecot with the mailboxes, and Debian's verifier of signatures. What goes out arrives
//! believed, what cannot be delivered comes back as Postfix writes it, and a mail that unsubscribes does.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, fine, folder, repository, settled, signed_up};
use crowsnest_testkit::{RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Debian's, for which python3-dkim is installed.
const PYTHON: &str = "/usr/bin/python3";

/// A mail server as a child process in the foreground. It is asked to end, and waited for, when it is dropped.
struct Daemon {
    child: Child,
    /// Where it keeps the number of the process to be asked, if that is not the child itself.
    pid_file: Option<PathBuf>,
}

impl Daemon {
    fn start(command: &mut Command, pid_file: Option<PathBuf>) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, pid_file }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let kept = self.pid_file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let pid = kept.map_or_else(|| self.child.id().to_string(), |pid| pid.trim().to_owned());
        // Asked, it ends its own children too.
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn listens(what: &str, port: u16) {
    wait::until(what, || TcpStream::connect(("127.0.0.1", port)).ok());
}

/// Dovecot: the mailbox of ann at mail.example, and no other.
struct Mailboxes {
    _daemon: Daemon,
    lmtp: u16,
    imap: u16,
}

impl Mailboxes {
    fn start(folder: &Path) -> Self {
        let (lmtp, imap) = (port(), port());
        let at = |name: &str| folder.join(name).display().to_string();
        fs::create_dir(folder.join("mail")).unwrap();
        fs::set_permissions(folder.join("mail"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(folder.join("users"), "ann@mail.example:{PLAIN}secret::::::\n").unwrap();
        let text = format!(
            "protocols = imap lmtp\nbase_dir = {run}\nlisten = 127.0.0.1\nlog_path = {log}\nssl = no\n\
             disable_plaintext_auth = no\nmail_location = maildir:{mail}/%n\nmail_uid = nobody\nmail_gid = nogroup\n\
             first_valid_uid = 1\nfirst_valid_gid = 1\n\
             passdb {{\n driver = passwd-file\n args = {users}\n}}\n\
             userdb {{\n driver = passwd-file\n args = {users}\n override_fields = uid=nobody gid=nogroup home={mail}/%n\n}}\n\
             service lmtp {{\n inet_listener lmtp {{\n address = 127.0.0.1\n port = {lmtp}\n }}\n}}\n\
             service imap-login {{\n inet_listener imap {{\n port = {imap}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}\n",
            run = at("run"),
            log = at("dovecot.log"),
            mail = at("mail"),
            users = at("users"),
        );
        let file = folder.join("dovecot.conf");
        fs::write(&file, text).unwrap();
        let daemon = Daemon::start(Command::new("/usr/sbin/dovecot").arg("-F").arg("-c").arg(&file), None);
        listens("Dovecot takes mail", lmtp);
        listens("Dovecot shows mail", imap);
        Self { _daemon: daemon, lmtp, imap }
    }

    fn of(&self, user: &str) -> Vec<String> {
        serde_json::from_str(&person(&["read", &self.imap.to_string(), user], "")).unwrap()
    }
}

/// Postfix: it takes everything of this machine, and knows two domains.
struct Relay {
    _daemon: Daemon,
}

impl Relay {
    fn start(folder: &Path, port: u16, mailboxes: u16, returns: u16) -> Self {
        let config = folder.join("postfix");
        fs::create_dir_all(config.join("queue")).unwrap();
        fs::create_dir_all(config.join("data")).unwrap();
        fine(Command::new("chown").arg("postfix").arg(config.join("data")).output().unwrap());
        let at = config.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
             maillog_file = {at}/log\nmaillog_file_prefixes = {at}\nmyhostname = mx.lake-store.example\n\
             mydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\n\
             alias_database =\nlocal_recipient_maps =\nrelay_domains = mail.example, returns.lake-store.example\n\
             transport_maps = inline:{{ {{mail.example = lmtp:inet:127.0.0.1:{mailboxes}}}, \
             {{returns.lake-store.example = lmtp:inet:127.0.0.1:{returns}}} }}\n\
             lmtp_host_lookup = native\nsmtp_host_lookup = native\nsmtp_dns_support_level = disabled\n\
             default_database_type = texthash\n"
        );
        let mut master = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
        for service in [
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "lmtp unix - - n - - lmtp",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "discard unix - - n - - discard",
            "local unix - n n - - local",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ] {
            master.push_str(service);
            master.push('\n');
        }
        fs::write(config.join("main.cf"), main).unwrap();
        fs::write(config.join("master.cf"), master).unwrap();
        // What runs in the foreground is a script around the one that is to be asked.
        let pid_file = config.join("queue/pid/master.pid");
        let daemon = Daemon::start(
            Command::new("/usr/sbin/postfix").arg("-c").arg(&config).arg("start-fg"),
            Some(pid_file),
        );
        listens("Postfix takes mail", port);
        Self { _daemon: daemon }
    }
}

/// What the person at the other end does.
fn person(arguments: &[&str], input: &str) -> String {
    let script = repository().join("tests/mail/person.py");
    let mut command = Command::new(PYTHON);
    command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    fine(child.wait_with_output().unwrap())
}

/// Whether the mail servers can be run. Only root can start Postfix; in CI that is no excuse.
fn can_run() -> bool {
    let root = String::from_utf8_lossy(&Command::new("id").arg("-u").output().unwrap().stdout).trim() == "0";
    let missing: Vec<&str> = ["/usr/sbin/postfix", "/usr/sbin/dovecot", PYTHON]
        .into_iter()
        .filter(|path| !PathBuf::from(path).exists())
        .collect();
    if root && missing.is_empty() {
        return true;
    }
    let why =
        if root { format!("{missing:?} are not there") } else { "only root can start Postfix".to_owned() };
    let said =
        format!("NOT TESTED with real mail servers: {why}; run scripts/test-setup.sh and this test as root");
    assert!(std::env::var_os("CI").is_none(), "{said}");
    eprintln!("{said}");
    false
}

fn returns_port(server: &RunningServer) -> u16 {
    wait::until("it says where mail comes back", || {
        let log = server.log();
        let (at, _) = log.rsplit("Mail that comes back is taken at ").next()?.split_once('\n')?;
        at.rsplit(':').next()?.parse().ok()
    })
}

#[test]
fn through_real_servers_mail_arrives_comes_back_and_unsubscribes() {
    if !can_run() {
        return;
    }
    let servers = TempDir::new().unwrap();
    fs::set_permissions(servers.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let smtp = port();
    let workspace = folder(&SMALL);
    let file = workspace.path().join("crowsnest.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let key = repository().join("crates/channels/tests/keys/test-only-rsa.pem");
    let account = format!(
        "1 Pier, smtp: {{ host: 127.0.0.1, port: {smtp}, security: none }}, \
         dkim: {{ selector: cn1, key_file: {} }}, returns: {{ domain: returns.lake-store.example }} }}",
        key.display()
    );
    fs::write(&file, text.replace("1 Pier }", &account)).unwrap();
    let server = ServerBuilder::new(CROWSNEST)
        .workspace(workspace.path())
        .env("CROWSNEST_RETURNS", "127.0.0.1:0")
        .start();
    let mailboxes = Mailboxes::start(servers.path());
    let _relay = Relay::start(servers.path(), smtp, mailboxes.lmtp, returns_port(&server));

    let batch =
        json!({ "batch": [agreed("ann"), agreed("gone"), signed_up("ann", "1"), signed_up("gone", "1")] });
    server.api().collect("batch", WEB, &batch);
    // It arrives, and is believed after the relay.
    let mail = wait::until("Ann has mail", || mailboxes.of("ann@mail.example").pop());
    assert!(mail.contains("\r\nReceived: from ") && mail.contains("by mx.lake-store.example"), "{mail}");
    assert!(mail.contains("\r\nList-Id: \"Offers\" <offers.lake-store.example>\r\n"), "{mail}");
    let printed = fine(server.command(&["email", "dns", "--json"]));
    let records: Vec<Value> = serde_json::from_str(&printed).unwrap();
    let records: BTreeMap<&str, &str> = records
        .iter()
        .map(|record| (record["name"].as_str().unwrap(), record["value"].as_str().unwrap()))
        .collect();
    let verified =
        |message: &str| person(&["verify"], &json!({ "message": message, "records": records }).to_string());
    assert_eq!(verified(&mail).trim(), "true", "{mail}");
    assert_eq!(verified(&mail.replacen("Subject: ", "Subject: Not ", 1)).trim(), "false");

    // What cannot be delivered comes back as Postfix says it.
    let of = |who: &str| -> Value {
        let all = server.api().deliveries("welcome");
        let to = format!("{who}@mail.example");
        all.into_iter().find(|delivery| delivery["to"] == to).unwrap_or_default()
    };
    let bounced = wait::until("what went to nobody comes back", || {
        let delivery = of("gone");
        (delivery["state"] == "bounced").then_some(delivery)
    });
    assert!(bounced["reason"].as_str().unwrap().contains("5.1.1"), "{bounced}");
    let suppressed = server.api().get("/api/v1/suppressions");
    assert_eq!(suppressed[0]["contact"], "gone@mail.example", "{suppressed}");

    // Her mail program writes to the address that unsubscribes.
    let address = mail.split("<mailto:").nth(1).and_then(|rest| rest.split('?').next()).unwrap();
    let answer = format!(
        "From: Ann <ann@mail.example>\r\nTo: {address}\r\nSubject: unsubscribe\r\nMessage-ID: <a1@mail.example>\r\n\r\n\r\n"
    );
    person(&["write", &smtp.to_string(), "ann@mail.example", address], &answer);
    let id = of("ann")["id"].as_str().unwrap().to_owned();
    wait::until("she is heard", || {
        let heard = server.api().get(&format!("/api/v1/deliveries/{id}"))["feedback"].clone();
        heard.as_array()?.iter().any(|one| one["kind"] == "replied").then_some(())
    });
    server.api().collect("track", WEB, &signed_up("ann", "2"));
    wait::until("she is left out", || {
        let all = server.api().deliveries("welcome");
        all.iter().any(|one| one["to"] == "ann@mail.example" && one["state"] == "suppressed").then_some(())
    });
    settled(server.api());
    assert_eq!(mailboxes.of("ann@mail.example").len(), 1);
}
