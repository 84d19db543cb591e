import { Button, Checkbox, Field, Input, Select } from "@fluentui/react-components";
import { AddRegular, DismissRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { Sheet } from "../dialogs/Sheet";
import { useHost } from "../host/context";
import type { ColumnName, Condition, RowFilter, RowView, Test } from "../host/host";
import { useRowTables, useRowViews } from "../host/queries";
import { text } from "../strings";
import { chooseRowFilter } from "./rowFilter";
import styles from "./view.module.css";

const TESTS = ["is", "is_not", "contains", "begins", "empty", "filled"] as const satisfies Test[];
const isTest = (value: string): value is Test => TESTS.some((test) => test === value);
const needsValue = (test: Test) => test !== "empty" && test !== "filled";

/** As many as a view may have. */
const MOST = 10;

type Props = { of: RowView | null; filter: RowFilter; close: () => void };

/** Keeps a filter under a name: a new view begins with what is set now (D-04). */
export function ViewDialog({ of, filter, close }: Props) {
  const host = useHost();
  const cache = useQueryClient();
  const tables = useRowTables().data ?? [];
  const views = useRowViews().data ?? [];
  const [name, setName] = useState(of?.name ?? "");
  const [wanted, setWanted] = useState(of?.filter ?? filter);
  const table = wanted.tables.length === 1 ? (wanted.tables[0] ?? "") : "";
  const columns = columnsOf(tables.filter((one) => wanted.tables.length === 0 || wanted.tables.includes(one.table)));
  const called = name.trim().toLowerCase();
  const replaces = called !== of?.name.toLowerCase() && views.some((view) => view.name.toLowerCase() === called);
  const whole = wanted.conditions.every(({ column, test, value }) => column !== "" && (!needsValue(test) || value.trim() !== ""));
  const { mutate, error, isPending } = useMutation({
    mutationFn: async () => {
      await host.keepRowView({ name: name.trim(), filter: wanted });
      if (of && of.name.toLowerCase() !== called) await host.removeRowView(of.name);
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["views"] });
      chooseRowFilter(wanted);
      close();
    },
  });
  const change = (at: number, part: Partial<Condition>) =>
    setWanted({ ...wanted, conditions: wanted.conditions.map((one, n) => (n === at ? { ...one, ...part } : one)) });
  return (
    <Sheet
      title={of ? text.view.changeTitle(of.name) : text.view.newTitle}
      close={close}
      wide
      submit={() => mutate()}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          <Button appearance="primary" type="submit" disabled={isPending || called === "" || !whole} data-testid="save-view">
            {text.view.save}
          </Button>
        </>
      }
    >
      <div className={styles.head}>
        <Field label={text.view.name} hint={replaces ? text.view.replaces : undefined}>
          <Input
            value={name}
            maxLength={80}
            placeholder={text.view.namePlaceholder}
            data-testid="view-name"
            onChange={(_, { value }) => setName(value)}
          />
        </Field>
        <Field label={text.view.table}>
          <Select
            value={table}
            data-testid="view-table"
            onChange={(_, { value }) => setWanted({ ...wanted, tables: value === "" ? [] : [value] })}
          >
            <option value="">{wanted.tables.length > 1 ? namesOf(wanted.tables, tables) : text.view.everyTable}</option>
            {tables.map((one) => (
              <option key={one.table} value={one.table}>
                {one.plural}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <fieldset className={styles.conditions}>
        <legend>{text.view.conditions}</legend>
        {wanted.conditions.length === 0 && <p className={styles.quiet}>{text.view.none}</p>}
        {wanted.conditions.map(({ column, test, value }, at) => (
          // A condition is known by its place alone.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={at} className={styles.condition}>
            <Select
              aria-label={text.view.column}
              value={column}
              data-testid="view-column"
              onChange={(_, data) => change(at, { column: data.value })}
            >
              {columns.every((one) => one.column !== column) && <option value={column}>{column}</option>}
              {columns.map((one) => (
                <option key={one.column} value={one.column}>
                  {one.label}
                </option>
              ))}
            </Select>
            <Select
              aria-label={text.view.test}
              value={test}
              onChange={(_, data) => isTest(data.value) && change(at, { test: data.value })}
            >
              {TESTS.map((one) => (
                <option key={one} value={one}>
                  {text.view.tests[one]}
                </option>
              ))}
            </Select>
            <Input
              aria-label={text.view.value}
              value={needsValue(test) ? value : ""}
              disabled={!needsValue(test)}
              data-testid="view-value"
              onChange={(_, data) => change(at, { value: data.value })}
            />
            <Button
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={text.view.remove(at + 1)}
              onClick={() => setWanted({ ...wanted, conditions: wanted.conditions.filter((_, n) => n !== at) })}
            />
          </div>
        ))}
        <Button
          className={styles.add}
          appearance="subtle"
          icon={<AddRegular />}
          disabled={wanted.conditions.length >= MOST}
          data-testid="view-add"
          onClick={() =>
            setWanted({
              ...wanted,
              conditions: [...wanted.conditions, { column: columns[0]?.column ?? "name", test: "is", value: "" }],
            })
          }
        >
          {text.view.add}
        </Button>
      </fieldset>
      <div>
        <Checkbox
          label={text.search.onlyMine}
          checked={wanted.only_mine}
          onChange={(_, { checked }) => setWanted({ ...wanted, only_mine: checked === true })}
        />
        <Checkbox
          label={text.search.showDisabled}
          checked={!wanted.only_enabled}
          onChange={(_, { checked }) => setWanted({ ...wanted, only_enabled: checked !== true })}
        />
      </div>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}

type Named = { table: string; plural: string; columns: readonly ColumnName[] };

const namesOf = (wanted: readonly string[], tables: readonly Named[]) =>
  wanted.map((one) => tables.find(({ table }) => table === one)?.plural ?? one).join(", ");

/** The columns of some tables, each label once: rows are asked by the label where they have no such column. */
function columnsOf(tables: readonly Named[]): ColumnName[] {
  const labelled = new Map<string, ColumnName>();
  for (const { columns } of tables) for (const one of columns) if (!labelled.has(one.label)) labelled.set(one.label, one);
  return [...labelled.values()];
}
