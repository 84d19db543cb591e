import {
  BriefcaseRegular,
  BuildingRegular,
  MoneyRegular,
  PeopleRegular,
  PersonAccountsRegular,
  PersonLightbulbRegular,
  PersonRegular,
  TableRegular,
} from "@fluentui/react-icons";

const ICONS: Partial<Record<string, typeof TableRegular>> = {
  account: BuildingRegular,
  contact: PersonRegular,
  lead: PersonLightbulbRegular,
  opportunity: MoneyRegular,
  incident: BriefcaseRegular,
  case: BriefcaseRegular,
  systemuser: PersonAccountsRegular,
  team: PeopleRegular,
};

/** The sign of a table; custom tables share one. */
export function TableIcon({ table, className }: { table: string; className?: string | undefined }) {
  const Icon = ICONS[table] ?? TableRegular;
  return <Icon aria-hidden className={className} />;
}
