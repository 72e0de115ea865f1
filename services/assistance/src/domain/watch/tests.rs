use super::*;

fn stand(burden: i64, categories: &[Category]) -> YearStand {
    YearStand {
        year: 2022,
        division: "990100".parse().unwrap(),
        version: "ab".repeat(32).parse().unwrap(),
        scheme: terms::Scheme::Resident,
        rules_date: "2022-10-10".parse().unwrap(),
        categories: categories.to_vec(),
        burden: Some(Fen::new(burden)),
        claims: Vec::new(),
        opening: Vec::new(),
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What becomes of an entry when burdens follow each other, each with its line: states and what departments hear.
fn told(seen: &[(i64, Line, &[Category])]) -> Vec<(WatchState, Option<WatchNews>)> {
    let (mut entry, mut told) = (None, Vec::new());
    for ((burden, line, categories), sequence) in seen.iter().zip(1..) {
        let stand = stand(*burden, categories);
        let seen = Seen { person: name("P1"), stand: &stand, line: *line, sequence, about: name("C") };
        let followed = follow(entry.as_ref(), seen, DateTime::UNIX_EPOCH, || name("E")).unwrap();
        told.push((followed.entry.state, followed.news));
        entry = Some(followed.entry);
    }
    told
}

#[test]
fn departments_hear_who_comes_and_who_leaves_and_nothing_between() {
    let line = Line::Known(Fen::new(100));
    let said = told(&[(101, line, &[]), (150, line, &[]), (100, line, &[]), (0, line, &[]), (102, line, &[])]);
    let (listed, left) = (WatchState::Listed, WatchState::Left);
    let (comes, leaves) = (Some(WatchNews::Listed), Some(WatchNews::Left));
    assert_eq!(said, [(listed, comes), (listed, None), (left, leaves), (left, None), (listed, comes)]);
}

#[test]
fn departments_hear_of_an_unknown_line_only_where_somebody_has_named_the_person() {
    let unknown = WatchState::LineUnknown;
    assert_eq!(told(&[(1, Line::Unknown, &[])]), [(unknown, None)]);
    let named: &[Category] = &[Category::Monitored];
    assert_eq!(told(&[(1, Line::Unknown, named)]), [(unknown, Some(WatchNews::LineUnknown))]);
    // nothing is said of a line that could not be asked for, and it is said when it could
    let said = told(&[(9, Line::NotAsked, named), (9, Line::Known(Fen::new(8)), named)]);
    assert_eq!(said, [(unknown, None), (WatchState::Listed, Some(WatchNews::Listed))]);
    let said = told(&[(9, Line::NotAsked, named), (9, Line::Known(Fen::new(9)), named)]);
    assert_eq!(said, [(unknown, None), (WatchState::Left, None)]);
}

#[test]
fn an_older_change_is_not_looked_at_and_below_the_line_nothing_begins() {
    let line = Line::Known(Fen::new(100));
    let (above, below) = (stand(101, &[]), stand(100, &[]));
    let seen = |stand, sequence| Seen { person: name("P1"), stand, line, sequence, about: name("C") };
    let follow = |before: Option<&Entry>, seen| follow(before, seen, DateTime::UNIX_EPOCH, || name("E"));
    assert_eq!(follow(None, seen(&below, 1)), None);
    let entry = follow(None, seen(&above, 2)).unwrap().entry;
    assert_eq!(follow(Some(&entry), seen(&below, 1)), None);
    let same = follow(Some(&entry), seen(&above, 3)).unwrap();
    assert_eq!((same.step, same.entry.sequence, same.entry.steps), (None, 3, 1));
}

#[test]
fn rural_revitalisation_hears_of_those_it_monitors_and_civil_affairs_of_everybody_else() {
    let (civil, rural) = (Office::CivilAffairs, Office::RuralRevitalisation);
    assert_eq!(offices(&[]), BTreeSet::from([civil]));
    assert_eq!(offices(&[Category::LowIncomeEdge]), BTreeSet::from([civil]));
    assert_eq!(offices(&[Category::Monitored]), BTreeSet::from([rural]));
    assert_eq!(offices(&[Category::LowIncomeEdge, Category::Monitored]), BTreeSet::from([civil, rural]));
}
