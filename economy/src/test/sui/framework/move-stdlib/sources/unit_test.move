/// Stand-in; see README.md.
#[test_only]
module std::unit_test;

public macro fun assert_eq<$T: drop>($t1: $T, $t2: $T) {
    let a = $t1;
    let b = $t2;
    assert!(a == b, 1000)
}
public native fun poison();
