//! The descriptors as the other modules read them.

use std::sync::LazyLock;

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto,
};

static FILES: LazyLock<Vec<FileDescriptorProto>> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).expect("the descriptor set decodes");
    set.file.into_iter().filter(|file| file.package().starts_with("yibao.")).collect()
});

/// The files of `proto/`; what they import is left out.
pub(crate) fn files() -> &'static [FileDescriptorProto] {
    assert!(!FILES.is_empty(), "no file of package yibao");
    &FILES
}

/// Every message with its full name. The wire nests none.
pub(crate) fn messages() -> Vec<(String, DescriptorProto)> {
    let mut messages = Vec::new();
    for file in files() {
        for message in file.message_type.clone() {
            assert!(message.nested_type.is_empty(), "{} nests a message", message.name());
            assert!(message.enum_type.is_empty(), "{} nests an enum", message.name());
            messages.push((format!("{}.{}", file.package(), message.name()), message));
        }
    }
    messages
}

/// Every field with the full name it has.
pub(crate) fn fields() -> Vec<(String, FieldDescriptorProto)> {
    let of = |(name, message): (String, DescriptorProto)| {
        message.field.into_iter().map(move |field| (format!("{name}.{}", field.name()), field))
    };
    messages().into_iter().flat_map(of).collect()
}

/// Every enum with its full name.
pub(crate) fn enums() -> Vec<(String, EnumDescriptorProto)> {
    let of = |file: &FileDescriptorProto| {
        let package = file.package().to_owned();
        file.enum_type.clone().into_iter().map(move |words| (format!("{package}.{}", words.name()), words))
    };
    files().iter().flat_map(of).collect()
}

/// Every call with the full name of its service.
pub(crate) fn calls() -> Vec<(String, MethodDescriptorProto)> {
    let mut calls = Vec::new();
    for file in files() {
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            calls.extend(service.method.iter().map(|call| (name.clone(), call.clone())));
        }
    }
    calls
}

/// The message of this full name, with or without a dot before it.
pub(crate) fn message(name: &str) -> &'static DescriptorProto {
    let (package, short) = name.trim_start_matches('.').rsplit_once('.').unwrap_or_default();
    let in_package = files().iter().filter(|file| file.package() == package);
    let found = in_package.flat_map(|file| &file.message_type).find(|message| message.name() == short);
    found.unwrap_or_else(|| panic!("no message {name}"))
}

/// The words of an enum as packs spell them; UNSPECIFIED left out. Its full name, with or without a dot before it.
pub(crate) fn words(name: &str) -> Vec<String> {
    let (package, short) = name.trim_start_matches('.').rsplit_once('.').unwrap_or_default();
    let in_package = files().iter().filter(|file| file.package() == package);
    let found = in_package.flat_map(|file| &file.enum_type).find(|words| words.name() == short);
    let found = found.unwrap_or_else(|| panic!("no enum {name}"));
    let prefix = format!("{}_", upper_snake(found.name()));
    let spelled = found.value.iter().skip(1).map(|value| value.name().strip_prefix(&prefix).unwrap_or_default());
    spelled.map(str::to_lowercase).collect()
}

/// `PersonGroup` as `PERSON_GROUP`.
pub(crate) fn upper_snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_uppercase());
    }
    snake
}
