import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Tooltip,
} from "@fluentui/react-components";
import { ArrowRedoRegular, ArrowUndoRegular, ChevronDownRegular } from "@fluentui/react-icons";
import appStyles from "../app/app.module.css";
import { dateTime } from "../app/dates";
import { useHistory } from "../host/queries";
import { text } from "../strings";
import type { Undo } from "./useUndo";
import styles from "./undo.module.css";
import { wordsOf } from "./words";

/** The last steps, each by what it did; choosing one takes it back (E-09). */
export function HistoryMenu({ undo, redo }: Pick<Undo, "undo" | "redo">) {
  const history = useHistory();
  const steps = history.data?.undo ?? [];
  const last = steps[0];
  const next = history.data?.redo ?? null;
  return (
    <span className={styles.group}>
      <Tooltip content={last ? text.undo.named(wordsOf(last)) : text.undo.nothing} relationship="label">
        <Button
          appearance="subtle"
          icon={<ArrowUndoRegular />}
          className={appStyles.onBrand}
          disabledFocusable={!last}
          data-testid="undo"
          onClick={() => last && void undo(last)}
        />
      </Tooltip>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Tooltip content={text.undo.menu} relationship="label">
            <Button appearance="subtle" icon={<ChevronDownRegular />} className={`${appStyles.onBrand} ${styles.narrow}`} data-testid="history-menu" />
          </Tooltip>
        </MenuTrigger>
        <MenuPopover className={styles.popover}>
          <MenuList>
            <MenuItem icon={<ArrowRedoRegular />} disabled={!next} secondaryContent={text.undo.redoKeys} onClick={() => void redo(next)}>
              <bdi className={styles.words}>{next ? text.undo.redoNamed(wordsOf(next)) : text.undo.nothingToRedo}</bdi>
            </MenuItem>
            <MenuDivider />
            <MenuGroup>
              <MenuGroupHeader>{steps.length === 0 ? text.undo.nothing : text.undo.heading}</MenuGroupHeader>
              {steps.map((step, at) => (
                <MenuItem
                  key={step.id}
                  icon={<ArrowUndoRegular />}
                  subText={dateTime(step.at)}
                  secondaryContent={at === 0 ? text.undo.undoKeys : undefined}
                  onClick={() => void undo(step)}
                >
                  <bdi className={styles.words}>{wordsOf(step)}</bdi>
                </MenuItem>
              ))}
            </MenuGroup>
          </MenuList>
        </MenuPopover>
      </Menu>
    </span>
  );
}
