import {
  Button,
  CounterBadge,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemCheckbox,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from "@fluentui/react-components";
import { FilterFilled, FilterRegular } from "@fluentui/react-icons";
import { useRef } from "react";
import { useRowTables } from "../host/queries";
import { text } from "../strings";
import styles from "./regarding.module.css";
import { chooseRowFilter, PLAIN, set, useRowFilter } from "./rowFilter";

const MINE = "mine";
const DISABLED = "disabled";
/** Milliseconds until a closed menu has given back the focus. */
const SETTLED = 50;

/** Which rows the Set Regarding box lists (D-04). `closed` hears that the person is done. */
export function RowFilters({ disabled, closed }: { disabled: boolean; closed: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const filter = useRowFilter();
  const tables = useRowTables().data ?? [];
  const count = set(filter);
  const label = count > 0 ? `${text.search.filter}, ${text.timeline.filtersSet(count)}` : text.search.filter;
  return (
    <Menu
      positioning="below-end"
      persistOnItemClick
      checkedValues={{
        tables: [...filter.tables],
        rows: [...(filter.only_mine ? [MINE] : []), ...(filter.only_enabled ? [] : [DISABLED])],
      }}
      onCheckedValueChange={(_, { name, checkedItems }) =>
        chooseRowFilter(
          name === "tables"
            ? { ...filter, tables: checkedItems }
            : { ...filter, only_mine: checkedItems.includes(MINE), only_enabled: !checkedItems.includes(DISABLED) },
        )
      }
      onOpenChange={(_, { open }) => {
        // Once the menu has given the focus back to its button, the box goes on; not when the person went elsewhere.
        if (!open) window.setTimeout(() => document.activeElement === button.current && closed(), SETTLED);
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
  );
}
