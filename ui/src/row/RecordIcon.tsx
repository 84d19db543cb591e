import { CalendarLtrRegular, MailRegular, NoteRegular } from "@fluentui/react-icons";

/** What a record of a timeline looks like, by its type (J-04). */
export function RecordIcon({ type, label }: { type: string; label?: string }) {
  switch (type) {
    case "appointment":
      return <CalendarLtrRegular aria-label={label} />;
    case "note":
      return <NoteRegular aria-label={label} />;
    default:
      return <MailRegular aria-label={label} />;
  }
}
