import {
  Button,
  CounterBadge,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemCheckbox,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from "@fluentui/react-components";
import { AddRegular, DeleteRegular, EditRegular, FilterFilled, FilterRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useAnnounce } from "../app/announce";
import { useHost } from "../host/context";
import type { RowView } from "../host/host";
import { useRowTables, useRowViews } from "../host/queries";
import { text } from "../strings";
import styles from "./regarding.module.css";
import { chooseRowFilter, PLAIN, set, useRowFilter, viewOf } from "./rowFilter";
import { ViewDialog } from "./ViewDialog";

const MINE = "mine";
const DISABLED = "disabled";
const CONDITIONS = "conditions";
/** Milliseconds until a closed menu has given back the focus. */
const SETTLED = 50;

/** Which rows the Set Regarding box lists (D-04). `closed` hears that the person is done. */
export function RowFilters({ disabled, closed }: { disabled: boolean; closed: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const filter = useRowFilter();
  const tables = useRowTables().data ?? [];
  const views = useRowViews().data ?? [];
  const view = viewOf(filter, views);
  // The view that is being changed; null while a new one is made.
  const [editing, setEditing] = useState<{ of: RowView | null } | null>(null);
  const dialog = useRef(false);
  const edit = (of: RowView | null) => {
    dialog.current = true;
    setEditing({ of });
  };
  const host = useHost();
  const cache = useQueryClient();
  const announce = useAnnounce();
  const { mutate: remove } = useMutation({
    mutationFn: (name: string) => host.removeRowView(name),
    onSuccess: async (_, name) => {
      announce(text.search.removedView(name));
      await cache.invalidateQueries({ queryKey: ["views"] });
    },
  });
  const count = set(filter);
  const label = count > 0 ? `${text.search.filter}, ${text.timeline.filtersSet(count)}` : text.search.filter;
  return (
    <>
      <Menu
        positioning="below-end"
        persistOnItemClick
        checkedValues={{
          views: view ? [view.name] : [],
          tables: [...filter.tables],
          rows: [
            ...(filter.only_mine ? [MINE] : []),
            ...(filter.only_enabled ? [] : [DISABLED]),
            ...(filter.conditions.length > 0 ? [CONDITIONS] : []),
          ],
        }}
        onCheckedValueChange={(_, { name, checkedItems }) => {
          if (name === "views") {
            chooseRowFilter(views.find((one) => checkedItems.includes(one.name))?.filter ?? PLAIN);
          } else if (name === "tables") {
            chooseRowFilter({ ...filter, tables: checkedItems });
          } else {
            chooseRowFilter({
              ...filter,
              only_mine: checkedItems.includes(MINE),
              only_enabled: !checkedItems.includes(DISABLED),
              conditions: checkedItems.includes(CONDITIONS) ? filter.conditions : [],
            });
          }
        }}
        onOpenChange={(_, { open }) => {
          // Once the menu has given the focus back to its button, the box goes on; not when the person went elsewhere.
          if (!open) window.setTimeout(() => !dialog.current && document.activeElement === button.current && closed(), SETTLED);
        }}
      >
        <MenuTrigger disableButtonEnhancement>
          <Button
            ref={button}
            className={styles.filter}
            appearance="subtle"
            size="small"
            disabled={disabled}
            icon={count > 0 ? <FilterFilled /> : <FilterRegular />}
            aria-label={label}
            title={label}
            data-testid="row-filter"
          >
            {count > 0 && <CounterBadge aria-hidden count={count} size="small" />}
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuGroup>
              <MenuGroupHeader>{text.search.views}</MenuGroupHeader>
              {views.map(({ name }) => (
                <MenuItemRadio key={name} name="views" value={name}>
                  {name}
                </MenuItemRadio>
              ))}
              {view ? (
                <>
                  <MenuItem icon={<EditRegular />} persistOnClick={false} onClick={() => edit(view)}>
                    {text.search.changeView(view.name)}
                  </MenuItem>
                  <MenuItem icon={<DeleteRegular />} onClick={() => remove(view.name)}>
                    {text.search.removeView(view.name)}
                  </MenuItem>
                </>
              ) : (
                <MenuItem icon={<AddRegular />} persistOnClick={false} data-testid="new-view" onClick={() => edit(null)}>
                  {text.search.newView}
                </MenuItem>
              )}
            </MenuGroup>
            <MenuDivider />
            <MenuGroup>
              <MenuGroupHeader>{text.search.filterTables}</MenuGroupHeader>
              {tables.map(({ table, plural }) => (
                <MenuItemCheckbox key={table} name="tables" value={table}>
                  {plural}
                </MenuItemCheckbox>
              ))}
            </MenuGroup>
            <MenuDivider />
            <MenuGroup>
              <MenuGroupHeader>{text.search.filterRows}</MenuGroupHeader>
              <MenuItemCheckbox name="rows" value={MINE}>
                {text.search.onlyMine}
              </MenuItemCheckbox>
              <MenuItemCheckbox name="rows" value={DISABLED}>
                {text.search.showDisabled}
              </MenuItemCheckbox>
              {filter.conditions.length > 0 && (
                <MenuItemCheckbox name="rows" value={CONDITIONS}>
                  {text.search.conditions}
                </MenuItemCheckbox>
              )}
            </MenuGroup>
            {count > 0 && (
              <>
                <MenuDivider />
                <MenuItem onClick={() => chooseRowFilter(PLAIN)}>{text.search.clearFilters}</MenuItem>
              </>
            )}
          </MenuList>
        </MenuPopover>
      </Menu>
      {editing && (
        <ViewDialog
          of={editing.of}
          filter={filter}
          close={() => {
            dialog.current = false;
          setEditing(null);
            closed();
          }}
        />
      )}
    </>
  );
}
