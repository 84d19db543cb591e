import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { CheckmarkRegular, HistoryRegular, LinkDismissRegular, LinkEditRegular, MoreHorizontalRegular, OpenRegular } from "@fluentui/react-icons";
import { useState } from "react";
import type { Item } from "../host/host";
import { text } from "../strings";

type Props = {
  item: Item;
  /** Set or change the row. */
  may: boolean;
  mayWithout: boolean;
  mayUntrack: boolean;
  trackWithout: () => void;
  view: () => void;
  change: () => void;
  untrack: () => void;
  history: () => void;
};

/** `More commands`, as far as they apply to the item as it is (C-02, C-03). */
export function MoreCommands({ item, may, mayWithout, mayUntrack, trackWithout, view, change, untrack, history }: Props) {
  const untracked = item.status === text.pane.notTracked;
  // A contact has become a row, anything else an activity.
  const promoted = item.activity !== null || item.row !== null;
  // Open, the hint would lie over the first command.
  const [open, setOpen] = useState(false);
  return (
    <Menu positioning="below-start" onOpenChange={(_, data) => setOpen(data.open)}>
      <MenuTrigger disableButtonEnhancement>
        <MenuButton
          appearance="subtle"
          size="small"
          icon={<MoreHorizontalRegular />}
          menuIcon={null}
          aria-label={text.pane.moreCommands}
          title={open ? undefined : text.pane.moreCommands}
          data-testid="more-commands"
        />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {untracked ? (
            mayWithout && (
              <MenuItem icon={<CheckmarkRegular />} onClick={trackWithout}>
                {text.pane.trackWithout}
              </MenuItem>
            )
          ) : (
            <>
              <MenuItem
                icon={<OpenRegular />}
                disabled={!promoted}
                onClick={view}
                subText={promoted ? undefined : text.pane.viewNotYet}
              >
                {text.pane.view}
              </MenuItem>
              {may && (
                <MenuItem icon={<LinkEditRegular />} onClick={change}>
                  {text.pane.change}
                </MenuItem>
              )}
              {mayUntrack && (
                <MenuItem icon={<LinkDismissRegular />} onClick={untrack}>
                  {text.pane.untrack}
                </MenuItem>
              )}
            </>
          )}
          <MenuItem icon={<HistoryRegular />} onClick={history}>
            {text.log.history}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
