use policy::Policy;
use std::time::Instant;
#[test]
fn shipped() {
    let t = Instant::now();
    let p = policy::check::check(&Policy::shipped_files());
    eprintln!("{p}{:?} {}", t.elapsed(), p.len());
}
