//! The XML that EC2, IAM and STS answer with, as a tree. No schema: who reads it names the elements that it needs.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::Error;

/// An element without its attributes, which these services do not use but for namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let broken = |cause: &dyn std::fmt::Display| Error::Unexpected {
            message: format!("the answer is no XML: {cause}"),
        };
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|error| broken(&error))? {
                Event::Start(start) => open.push(Self::named(start.local_name().as_ref())),
                Event::Empty(start) => {
                    let element = Self::named(start.local_name().as_ref());
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(element);
                    }
                }
                Event::End(_) => {
                    let (Some(element), Some(parent)) = (open.pop(), open.last_mut()) else {
                        return Err(broken(&"an element ends that has not begun"));
                    };
                    parent.children.push(element);
                }
                Event::Text(part) => {
                    let part = part.decode().map_err(|error| broken(&error))?;
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&part);
                    }
                }
                Event::GeneralRef(reference) => {
                    let name = reference.decode().map_err(|error| broken(&error))?;
                    let character = match reference.resolve_char_ref().map_err(|error| broken(&error))? {
                        Some(character) => character.to_string(),
                        None => quick_xml::escape::resolve_xml_entity(&name)
                            .ok_or_else(|| broken(&"an entity is unknown"))?
                            .to_owned(),
                    };
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&character);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let [document] = open.as_mut_slice() else {
            return Err(broken(&"it ends amid an element"));
        };
        document.children.pop().ok_or_else(|| broken(&"it is empty"))
    }

    fn named(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() }
    }

    /// The first element along a path of names, such as `vpc/vpcId`.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/')
            .try_fold(self, |element, name| element.children.iter().find(|child| child.name == name))
    }

    /// The text along a path; `None` when there is no such element or it is empty.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).map(|element| element.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text along a path, which must be there.
    pub(super) fn required(&self, path: &str) -> Result<String, Error> {
        let missing = || Error::Unexpected { message: format!("{} has no {path}", self.name) };
        self.text(path).map(str::to_owned).ok_or_else(missing)
    }

    /// The members of a list along a path: `item` (EC2) or `member` (IAM).
    pub(super) fn items(&self, path: &str) -> impl Iterator<Item = &Self> {
        let list = self.at(path).map_or(&[][..], |list| list.children.as_slice());
        list.iter().filter(|child| child.name == "item" || child.name == "member")
    }

    /// The value of a tag of an object of EC2 or IAM.
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        let ec2 = self.items("tagSet").find(|tag| tag.text("key") == Some(key));
        let iam = || self.items("Tags").find(|tag| tag.text("Key") == Some(key));
        ec2.map(|tag| tag.text("value")).or_else(|| iam().map(|tag| tag.text("Value")))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_as_a_tree() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
            <DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
              <requestId>1</requestId>
              <vpcSet>
                <item><vpcId>vpc-1</vpcId><tagSet><item><key>a</key><value>x &amp; &#121;</value></item></tagSet></item>
                <item><vpcId>vpc-2</vpcId><tagSet/></item>
              </vpcSet>
            </DescribeVpcsResponse>"#;
        let answer = Element::parse(text).unwrap();
        let ids: Vec<_> = answer.items("vpcSet").map(|vpc| vpc.required("vpcId").unwrap()).collect();
        assert_eq!(ids, ["vpc-1", "vpc-2"]);
        assert_eq!(answer.items("vpcSet").next().unwrap().tag("a"), Some("x & y"));
        assert_eq!(answer.text("vpcSet/item/vpcId"), Some("vpc-1"));
        assert_eq!(answer.text("nothing"), None);
        assert!(answer.required("nothing").is_err());
        assert_eq!(answer.items("nothing").count(), 0);
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        for text in ["", "no", "<a><b></a>", "<a>", "</a>"] {
            assert!(Element::parse(text).is_err(), "{text}");
        }
    }
}
