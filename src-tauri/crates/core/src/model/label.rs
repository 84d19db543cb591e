//! What people call a column.

use std::borrow::Cow;

/// The label of a column by its logical name: `address1_city` reads `City`, `telephone1` reads `Phone`.
pub fn label(column: &str) -> String {
    shown(column).into_owned()
}

/// The same, without a copy of what is known: rows are compared with it while a person types.
pub(crate) fn shown(column: &str) -> Cow<'static, str> {
    known(column).map_or_else(|| humanised(column).into(), Cow::from)
}

fn known(column: &str) -> Option<&'static str> {
    Some(match column {
        "name" | "fullname" => "Name",
        "emailaddress1"
        | "emailaddress"
        | "email"
        | "mail"
        | "email_address"
        | "e_mail"
        | "internalemailaddress" => "Email",
        "emailaddress2" => "Email 2",
        "emailaddress3" => "Email 3",
        "telephone1" | "phone" | "telephone" => "Phone",
        "telephone2" => "Phone 2",
        "telephone3" => "Phone 3",
        "mobilephone" | "mobile" => "Mobile phone",
        "jobtitle" => "Job title",
        "firstname" => "First name",
        "lastname" => "Last name",
        "middlename" => "Middle name",
        "companyname" | "company" | "parentcustomerid" => "Company",
        "customerid" => "Customer",
        "parentaccountid" => "Parent account",
        "primarycontactid" => "Primary contact",
        "accountnumber" => "Account number",
        "websiteurl" | "website" => "Website",
        "businessunitid" => "Business unit",
        "estimatedvalue" => "Estimated value",
        "estimatedclosedate" => "Estimated close date",
        "ticketnumber" => "Case number",
        "prioritycode" => "Priority",
        "industrycode" | "industry" => "Industry",
        "numberofemployees" => "Employees",
        "ownerid" => "Owner",
        "statecode" => "Status",
        "statuscode" => "Status reason",
        "createdon" => "Created on",
        "modifiedon" => "Modified on",
        "appendable" => "May be appended to",
        _ => return None,
    })
}

fn humanised(column: &str) -> String {
    if let Some((number, part)) = address_part(column) {
        let part = match part {
            "line1" => "Street".to_owned(),
            "line2" => "Street 2".to_owned(),
            "line3" => "Street 3".to_owned(),
            "stateorprovince" => "State or province".to_owned(),
            "postalcode" => "Postal code".to_owned(),
            "telephone1" => "Address phone".to_owned(),
            other => sentence(other),
        };
        return if number == 1 {
            part
        } else {
            format!("{part} (address {number})")
        };
    }
    match column {
        "postalcode" => "Postal code".to_owned(),
        "stateorprovince" => "State or province".to_owned(),
        _ => sentence(without_prefix(column)),
    }
}

/// `address2_city` is (2, `city`).
fn address_part(column: &str) -> Option<(u8, &str)> {
    let (number, part) = column.strip_prefix("address")?.split_once('_')?;
    Some((number.parse().ok()?, part))
}

/// Custom columns carry their publisher's prefix: `new_`, or `cr` and hexadecimal digits.
fn without_prefix(column: &str) -> &str {
    match column.split_once('_') {
        Some(("new", rest)) if !rest.is_empty() => rest,
        Some((prefix, rest)) if !rest.is_empty() && generated(prefix) => rest,
        _ => column,
    }
}

fn generated(prefix: &str) -> bool {
    prefix
        .strip_prefix("cr")
        .is_some_and(|hex| hex.len() == 3 && hex.chars().all(|c| c.is_ascii_hexdigit()))
}

fn sentence(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.chars().next() {
        let upper: String = first.to_uppercase().collect();
        words.replace_range(..first.len_utf8(), &upper);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_read_like_words() {
        for (column, expected) in [
            ("address1_city", "City"),
            ("city", "City"),
            ("address2_city", "City (address 2)"),
            ("address1_line1", "Street"),
            ("telephone1", "Phone"),
            ("fullname", "Name"),
            ("new_priority_level", "Priority level"),
            ("cr1f3_colour", "Colour"),
            ("gics_sector", "Gics sector"),
            ("ölpreis", "Ölpreis"),
            ("", ""),
        ] {
            assert_eq!(label(column), expected, "{column}");
        }
    }
}
