//! What each language has to itself: its own way of saying things, and what it may do wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use xuncha_server::backup::take;
use xuncha_tests::harness::{Tongue, jvm, picture, python_with_bindings, run, street_list};

use super::{City, appoint};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_may_do_wrong_in_kotlin() {
    let Some((city, mut command)) = City::of(Tongue::Kotlin).await.zip(jvm("MisuseKt")) else { return };
    let invitations = ["王敏", "李强"].map(|name| city.invitation(city.user(name, &["inspector"])));
    command.arg(city.path("")).args(invitations);
    let outcome = tokio::task::spawn_blocking(|| run(command)).await.unwrap();
    assert!(outcome.out.ends_with(" passed, 0 failed\n"), "{}\n{}", outcome.out, outcome.err);
    assert_eq!(outcome.code, 0);
    city.server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_may_do_wrong_in_python() {
    let Some((city, mut command)) = City::of(Tongue::Python).await.zip(python_with_bindings("misuse.py")) else {
        return;
    };
    command.arg(city.path("")).arg(city.invitation(city.user("王敏", &["inspector"])));
    let outcome = tokio::task::spawn_blocking(|| run(command)).await.unwrap();
    assert!(outcome.out.ends_with(" passed, 0 failed\n"), "{}\n{}", outcome.out, outcome.err);
    city.server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_sample_walks_the_whole_journey() {
    let Some((city, mut command)) = City::of(Tongue::Kotlin).await.zip(jvm("ConsoleKt")) else { return };
    let office = &city.server.office;
    office.load_catalogue(&street_list("day", &["SR-7", "HW-1"]));
    office.task("查解放路", office.place("解放路", "street", (36.65, 117.12)), &[]);
    let photos = ["wide.png", "close.png"].map(|name| city.put(name, &picture(&city.server.random, 640, 480)));
    command.arg(city.path("phones")).args(&photos).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut console = command.spawn().unwrap();
    let (mut answers, said) = (console.stdin.take().unwrap(), BufReader::new(console.stdout.take().unwrap()));
    let newcomer = city.user("赵敏", &[]);
    let mut told = Vec::new();
    for line in said.lines().map(Result::unwrap) {
        let answer = match line.as_str() {
            "office: an invitation for an inspector" => city.invitation(city.user("王敏", &["inspector"])),
            "office: an invitation for another inspector, who may decide conflicts" => {
                city.invitation(city.user("李强", &["inspector", "acceptor"]))
            }
            "office: an invitation for a colleague without a role" => city.invitation(newcomer),
            "office: the role of an inspector for the colleague, and another invitation" => {
                appoint(&city, newcomer);
                city.invitation(newcomer)
            }
            "office: a backup" => {
                office.keep_arrived();
                let taken = take(city.server.data(), &city.path("backup"), false, &city.server.host(), &mut |_| {});
                taken.unwrap().copied.to_string()
            }
            unknown if unknown.starts_with("office: ") => {
                panic!("nobody can answer {unknown:?}; told so far: {told:#?}")
            }
            _ => {
                told.push(line);
                continue;
            }
        };
        writeln!(answers, "{answer}").unwrap();
    }
    assert!(console.wait().unwrap().success(), "{told:#?}");
    for wanted in [
        "王敏 is enrolled in 测试市",
        "查解放路: 2 items, such as 非法小广告",
        "Li Qiang sees: 站牌小广告",
        "decided: 站牌小广告三张",
        "it comes back: 没有权限 / You are not allowed to do this.",
        "corrected: 1 op accepted",
        "freed 4 files",
        "saved and sent: 0 ops and 0 files wait",
    ] {
        assert!(told.iter().any(|line| line.starts_with(wanted)), "{wanted} is not among {told:#?}");
    }
    city.server.check_all();
}
