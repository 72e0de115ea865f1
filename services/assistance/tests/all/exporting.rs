//! The watch list as a file: CSV and Parquet.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1 as type_pb;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;
use testkit::on_both;
use type_pb::Category;

use crate::comparing::change_by_hand;
use crate::support::World;
use crate::watching::{LINE, burdened};

/// The file, and how many entries are in it.
async fn exported(world: &World, request: pb::ExportWatchRequest) -> (Vec<u8>, u64) {
    let mut stream = world.watch.clone().export_watch(request).await.unwrap().into_inner();
    let (mut bytes, mut entries) = (Vec::new(), 0);
    while let Some(piece) = stream.message().await.unwrap() {
        bytes.extend(piece.chunk);
        entries = piece.entries;
    }
    (bytes, entries)
}

#[test]
fn the_exported_list_is_one_parquet_file_with_the_columns_of_csv() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        world.keep(&[burdened("P2", 1, 70_000, &[Category::Monitored])]).await;
        // more than a group of rows has
        let n = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500) INSERT INTO";
        change_by_hand(&world, &format!("{n} person (person_id, sequence) SELECT 'q' || i, 1 FROM n")).await;
        let more = " watch_entry \
             (entry_id, person_id, year, state, division, policy_version, scheme, rules_date, categories, burden_fen, line_fen, \
             is_asked, sequence, steps, answered, listed_at, changed_at) SELECT 'e' || i, 'q' || i, year, state, division, \
             policy_version, scheme, rules_date, categories, burden_fen, line_fen, is_asked, sequence, steps, answered, \
             listed_at + 60000000 + i, changed_at FROM watch_entry, n WHERE person_id = 'P1'";
        change_by_hand(&world, &(n.to_owned() + more)).await;
        let format = pb::WatchFormat::Parquet.into();
        let request = pb::ExportWatchRequest { division: "370000".to_owned(), year: 2022, states: Vec::new(), format };
        let (bytes, entries) = exported(&world, request.clone()).await;
        let file = SerializedFileReader::new(prost::bytes::Bytes::from(bytes)).unwrap();
        let csv = pb::ExportWatchRequest { format: pb::WatchFormat::Csv.into(), ..request };
        let csv = String::from_utf8(exported(&world, csv).await.0).unwrap();
        let names: Vec<String> =
            file.metadata().file_metadata().schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
        assert_eq!(names.join(","), csv.lines().next().unwrap());
        assert_eq!((entries, file.metadata().file_metadata().num_rows()), (10_502, 10_502));
        let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        let (first, second, last) = (&rows[0], &rows[1], &rows[10_501]);
        assert_eq!((first.get_string(1).unwrap().as_str(), first.get_int(2).unwrap()), ("P1", 2022));
        assert_eq!((first.get_long(7).unwrap(), first.get_long(8).unwrap()), (3_570_501, 3_570_500));
        assert_eq!(second.get_string(6).unwrap(), "monitored");
        assert!(second.get_long(8).is_err(), "nobody knows the line");
        assert_eq!(last.get_string(1).unwrap(), "q10500");
        let cells: Vec<String> = first.get_column_iter().map(|(_, field)| field.to_string()).collect();
        assert_eq!(Some(cells[9].as_str()), csv.lines().nth(1).unwrap().split(',').nth(9), "the day");
    });
}

#[test]
fn the_exported_list_is_one_csv_file_without_a_name_or_a_number_of_a_document() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        let categories = [Category::Monitored, Category::LowIncomeEdge];
        world.keep(&[burdened("P2", 1, 70_000, &categories), burdened("P3", 1, 5, &[])]).await;
        let request = pb::ExportWatchRequest {
            division: "370000".to_owned(),
            year: 2022,
            states: Vec::new(),
            format: pb::WatchFormat::Csv.into(),
        };
        let (bytes, entries) = exported(&world, request).await;
        let text = String::from_utf8(bytes).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!((rows.len(), entries), (3, 2), "{text}");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()));
        let of = |name: &str| rows[0].iter().position(|column| *column == name).unwrap();
        let cells = |row: usize, names: [&str; 5]| names.map(|name| rows[row][of(name)]);
        let names = ["person_id", "state", "burden_fen", "line_fen", "categories"];
        assert_eq!(cells(1, names), ["P1", "listed", "3570501", "3570500", ""]);
        assert_eq!(cells(2, names), ["P2", "line_unknown", "70000", "", "monitored low_income_edge"]);
    });
}
