import {
  Button,
  Checkbox,
  Dropdown,
  Field,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Option,
  Spinner,
  Toast,
  ToastBody,
  ToastTitle,
  useToastController,
} from "@fluentui/react-components";
import { ArrowDownloadRegular, HistoryRegular, ShieldCheckmarkRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { TOASTER } from "../app/toasts";
import { useNow } from "../app/useNow";
import { useHost } from "../host/context";
import type { AuditEntry, AuditQuery, Me } from "../host/host";
import { useAudit } from "../host/queries";
import { Nothing, Section } from "../sections/Section";
import { text } from "../strings";
import { Entries } from "./Entries";
import styles from "./log.module.css";
import { type Named, people, type Period, rowOf, rows, since } from "./told";
import { Verdict } from "./Verdict";

const EVERYTHING: AuditQuery = { person: null, key: null, row: null, since: null, until: null, received: false };
const PERIODS = ["all", "today", "week", "month"] as const satisfies Period[];

/** Who did what, when, for whom: filtered, exported, verified (K-01 to K-03). */
export function LogPage({ me }: { me: Me }) {
  const host = useHost();
  const [person, setPerson] = useState("");
  const [row, setRow] = useState("");
  const [item, setItem] = useState("");
  const [period, setPeriod] = useState<Period>("all");
  const [received, setReceived] = useState(false);
  const now = useNow();
  const all = useAudit(EVERYTHING);
  const query: AuditQuery = {
    person: person === "" ? null : person,
    key: item === "" ? null : item,
    row: rowOf(row),
    since: since(period, now),
    until: null,
    received,
  };
  const shown = useAudit(query);
  const verify = useMutation({ mutationFn: () => host.verifyAudit() });
  const filtered = person !== "" || row !== "" || item !== "" || period !== "all";
  return (
    <Section
      title={text.log.title}
      intro={text.log.intro}
      actions={
        <>
          <Button icon={<ShieldCheckmarkRegular />} disabledFocusable={verify.isPending} onClick={() => verify.mutate()}>
            {text.log.verify}
          </Button>
          <Export query={query} />
        </>
      }
    >
      {verify.isPending && <Spinner size="small" labelPosition="after" label={text.log.verifying} delay={200} />}
      {verify.data && <Verdict verified={verify.data} me={me} />}
      {verify.error !== null && <Problem title={text.log.failed} error={verify.error} />}

      <div className={styles.filters} role="search" aria-label={text.log.filters}>
        <Choose label={text.log.person} every={text.log.everybody} options={people(all.data ?? [])} value={person} choose={setPerson} />
        <Choose label={text.log.item} every={text.log.everyItem} options={items(all.data ?? [])} value={item} choose={setItem} />
        <Choose label={text.log.row} every={text.log.everyRow} options={rows(all.data ?? [])} value={row} choose={setRow} />
        <Choose
          label={text.log.period}
          every={text.log.periods.all}
          options={PERIODS.filter((one) => one !== "all").map((one) => ({ value: one, name: text.log.periods[one] }))}
          value={period === "all" ? "" : period}
          choose={(value) => setPeriod(PERIODS.find((one) => one === value) ?? "all")}
        />
        {period !== "all" && (
          <Checkbox
            className={styles.clear}
            label={text.log.byReceived}
            checked={received}
            onChange={(_, { checked }) => setReceived(checked === true)}
          />
        )}
        {filtered && (
          <Button
            appearance="subtle"
            className={styles.clear}
            onClick={() => {
              setPerson("");
              setRow("");
              setItem("");
              setPeriod("all");
              setReceived(false);
            }}
          >
            {text.log.clear}
          </Button>
        )}
      </div>

      {shown.isError && <Problem title={text.log.failed} error={shown.error} />}
      {shown.data && (
        <p className={styles.total} role="status">
          {text.log.count(shown.data.length)}
        </p>
      )}
      {shown.data?.length === 0 ? (
        <Nothing icon={<HistoryRegular />} title={filtered ? text.log.noMatch : text.log.none} body={filtered ? text.log.noMatchBody : text.log.noneBody} />
      ) : (
        shown.data && <Entries entries={shown.data} me={me} item />
      )}
      {shown.isPending && <Spinner delay={300} label={text.loading} />}
    </Section>
  );
}

/** Every item something was done with, the latest first. */
function items(entries: readonly AuditEntry[]): Named[] {
  const all = new Map<string, string>();
  for (const { field, item, subject } of entries.toReversed())
    if (field === "tracking" && item !== "" && !all.has(item)) all.set(item, subject || item);
  return [...all].slice(0, 200).map(([value, name]) => ({ value, name }));
}

type ChooseProps = { label: string; every: string; options: readonly Named[]; value: string; choose: (value: string) => void };

function Choose({ label, every, options, value, choose }: ChooseProps) {
  const name = options.find((one) => one.value === value)?.name ?? every;
  return (
    <Field label={label} className={styles.filter}>
      <Dropdown
        value={name}
        selectedOptions={[value]}
        className={styles.dropdown}
        listbox={{ className: styles.listbox }}
        onOptionSelect={(_, { optionValue }) => choose(optionValue ?? "")}
      >
        <Option value="">{every}</Option>
        {options.map((one) => (
          <Option key={one.value} value={one.value} text={one.name}>
            <bdi className={styles.optionName}>{one.name}</bdi>
          </Option>
        ))}
      </Dropdown>
    </Field>
  );
}

function Export({ query }: { query: AuditQuery }) {
  const host = useHost();
  const { dispatchToast } = useToastController(TOASTER);
  const save = useMutation({
    mutationFn: (json: boolean) => host.exportAudit(query, json),
    onSuccess: (path) => {
      if (path === null) return;
      dispatchToast(
        <Toast>
          <ToastTitle>{text.log.exported}</ToastTitle>
          <ToastBody>
            <bdi>{path}</bdi>
          </ToastBody>
        </Toast>,
        { intent: "success" },
      );
    },
  });
  return (
    <>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button icon={<ArrowDownloadRegular />} disabledFocusable={save.isPending}>
            {text.log.export}
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => save.mutate(false)} subText={text.log.csvWhy}>
              {text.log.csv}
            </MenuItem>
            <MenuItem onClick={() => save.mutate(true)} subText={text.log.jsonWhy}>
              {text.log.json}
            </MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      {save.error !== null && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{text.errorTitle}</MessageBarTitle>
            {save.error.message}
          </MessageBarBody>
        </MessageBar>
      )}
    </>
  );
}
