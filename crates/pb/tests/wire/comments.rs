//! Everything on the wire says what it is.

use prost_types::FileDescriptorProto;

use crate::descriptors::files;

/// Field numbers of descriptor.proto, by which its source info names what a comment is of.
const PACKAGE: i32 = 2;
const MESSAGE: i32 = 4;
const ENUM: i32 = 5;
const SERVICE: i32 = 6;
const INSIDE: i32 = 2;
const ONEOF: i32 = 8;
const SYNTAX: i32 = 12;

/// Every element of a file: its name and its path in the source info.
fn elements(file: &FileDescriptorProto) -> Vec<(String, Vec<i32>)> {
    let at = |index: usize| i32::try_from(index).expect("few elements");
    let mut elements = Vec::new();
    for (number, message) in file.message_type.iter().enumerate() {
        let path = vec![MESSAGE, at(number)];
        for (place, field) in message.field.iter().enumerate() {
            let path = [path.clone(), vec![INSIDE, at(place)]].concat();
            elements.push((format!("{}.{}", message.name(), field.name()), path));
        }
        // an `optional` field makes a oneof of its own that nobody wrote
        let written = |name: &str| !name.starts_with('_');
        for (place, oneof) in message.oneof_decl.iter().enumerate().filter(|(_, oneof)| written(oneof.name())) {
            let path = [path.clone(), vec![ONEOF, at(place)]].concat();
            elements.push((format!("{}.{}", message.name(), oneof.name()), path));
        }
        elements.push((message.name().to_owned(), path));
    }
    for (number, words) in file.enum_type.iter().enumerate() {
        let path = vec![ENUM, at(number)];
        for (place, value) in words.value.iter().enumerate() {
            elements.push((value.name().to_owned(), [path.clone(), vec![INSIDE, at(place)]].concat()));
        }
        elements.push((words.name().to_owned(), path));
    }
    for (number, service) in file.service.iter().enumerate() {
        let path = vec![SERVICE, at(number)];
        for (place, call) in service.method.iter().enumerate() {
            let path = [path.clone(), vec![INSIDE, at(place)]].concat();
            elements.push((format!("{}/{}", service.name(), call.name()), path));
        }
        elements.push((service.name().to_owned(), path));
    }
    elements
}

/// The comment before an element, or nothing.
fn comment<'f>(file: &'f FileDescriptorProto, path: &[i32]) -> &'f str {
    let info = file.source_code_info.as_ref().expect("the descriptors keep their comments");
    let location = info.location.iter().find(|location| location.path == path);
    location.map_or("", |location| location.leading_comments()).trim()
}

#[test]
fn every_element_has_a_comment_of_its_own() {
    let mut silent = Vec::new();
    for file in files() {
        if comment(file, &[SYNTAX]).is_empty() && comment(file, &[PACKAGE]).is_empty() {
            silent.push(file.name().to_owned());
        }
        for (name, path) in elements(file) {
            if comment(file, &path).len() < 3 {
                silent.push(format!("{}: {name}", file.name()));
            }
        }
    }
    assert!(silent.is_empty(), "no comment:\n{}", silent.join("\n"));
}

#[test]
fn an_amount_says_that_it_is_in_fen() {
    let mut silent = Vec::new();
    for file in files() {
        for (name, path) in elements(file).into_iter().filter(|(name, _)| name.ends_with("_fen")) {
            let said = comment(file, &path);
            let of_message = comment(file, path.get(..2).unwrap_or_default());
            if !said.contains("fen") && !said.contains("mount") && !of_message.contains("fen") {
                silent.push(format!("{}: {name}", file.name()));
            }
        }
    }
    assert!(silent.is_empty(), "no unit in the comment:\n{}", silent.join("\n"));
}
