"""What Python's email package makes of an mbox (.xz): a JSON line for each message."""

import email.header
import email.utils
import json
import lzma
import mailbox
import sys
import tempfile


def words(value):
    """A header as people read it."""
    parts = email.header.decode_header(value)
    return "".join(p if isinstance(p, str) else p.decode(c or "latin-1", "replace") for p, c in parts)


def date(value):
    """Milliseconds since 1970, or null where it cannot be read."""
    try:
        return int(email.utils.parsedate_to_datetime(value).timestamp() * 1000)
    except (TypeError, ValueError):
        return None


def leaves(message):
    """Its parts, but not those of mails inside."""
    if message.get_content_maintype() != "multipart":
        return [message]
    return [leaf for part in message.get_payload() for leaf in leaves(part)]


def attachments(message):
    """The names of files that are not shown with the text: its first part, and pictures that its HTML names."""
    parts = leaves(message)
    first = next((part for part in parts if part.get_content_maintype() == "text"), None)
    html = b"".join(part.get_payload(decode=True) or b"" for part in parts if part.get_content_subtype() == "html")

    def is_shown(part):
        picture = str(part["Content-ID"] or "").strip().strip("<>").encode()
        attached = part.get_content_disposition() == "attachment"
        return (part is first and not attached) or (picture and b"cid:" + picture in html)

    # The sample was cut here and there: of some, nothing is left.
    named = (part for part in parts if part.get_filename() and part.get_payload())
    return [words(part.get_filename()) for part in named if not is_shown(part)]


def read(message):
    def raw(name):
        return str(message[name] or "")

    return {
        "id": raw("Message-ID").strip().strip("<>"),
        "subject": words(raw("Subject")),
        "from": email.utils.parseaddr(raw("From"))[1].lower(),
        "date": date(raw("Date")),
        "attachments": attachments(message),
    }


with tempfile.NamedTemporaryFile() as plain:
    with lzma.open(sys.argv[1]) as packed:
        while piece := packed.read(1 << 20):
            plain.write(piece)
    plain.flush()
    for one in mailbox.mbox(plain.name, create=False):
        print(json.dumps(read(one)))
