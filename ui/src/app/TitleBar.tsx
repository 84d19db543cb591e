import {
  Button,
  Menu,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Tooltip,
} from "@fluentui/react-components";
import {
  ArrowImportRegular,
  DarkThemeRegular,
  KeyRegular,
  MoreHorizontalRegular,
  NavigationRegular,
  PersonSwapRegular,
  QuestionCircleRegular,
  WeatherMoonRegular,
  WeatherSunnyRegular,
} from "@fluentui/react-icons";
import type { Open } from "../dialogs/Dialogs";
import type { Mailbox, Me } from "../host/host";
import { text } from "../strings";
import { HistoryMenu } from "../undo/HistoryMenu";
import type { Undo } from "../undo/useUndo";
import { SyncLine } from "../sync/SyncLine";
import styles from "./app.module.css";
import type { ThemeChoice } from "./theme";

type Props = {
  me: Me;
  mailbox: Mailbox | null;
  theme: ThemeChoice;
  chooseTheme: (choice: ThemeChoice) => void;
  open: (dialog: Open) => void;
  undo: Undo;
  toggleMailboxes: (() => void) | null;
};

export function TitleBar({ me, mailbox, theme, chooseTheme, open, undo, toggleMailboxes }: Props) {
  return (
    <header className={styles.titlebar} data-region="titlebar" aria-label={text.regions.titlebar}>
      {toggleMailboxes && (
        <Button
          appearance="subtle"
          icon={<NavigationRegular />}
          aria-label={text.showMailboxes}
          className={styles.onBrand}
          onClick={toggleMailboxes}
        />
      )}
      <h1 className={styles.name}>{text.app}</h1>
      {mailbox && !mailbox.mine && (
        <span className={styles.acting} title={text.actingFor(mailbox.owner_name)} data-testid="acting-for">
          <PersonSwapRegular aria-hidden />
          <span className={styles.actingWords}>{text.actingFor(mailbox.owner_name)}</span>
        </span>
      )}
      <span className={styles.gap} />
      <HistoryMenu undo={undo.undo} redo={undo.redo} />
      <SyncLine />
      <ThemeMenu theme={theme} choose={chooseTheme} />
      <Tooltip content={text.help} relationship="label">
        <Button appearance="subtle" icon={<QuestionCircleRegular />} className={styles.onBrand} onClick={() => open("help")} />
      </Tooltip>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Tooltip content={text.appMenu} relationship="label">
            <Button appearance="subtle" icon={<MoreHorizontalRegular />} className={styles.onBrand} />
          </Tooltip>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem icon={<ArrowImportRegular />} onClick={() => open("import")} disabled={mailbox === null}>
              {text.empty.importMail}
            </MenuItem>
            <MenuItem icon={<KeyRegular />} onClick={() => open("accept")}>
              {text.empty.accept}
            </MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      <span className={styles.me} title={me.person}>
        {me.name}
      </span>
    </header>
  );
}

const THEMES = [
  { choice: "light", icon: <WeatherSunnyRegular /> },
  { choice: "dark", icon: <WeatherMoonRegular /> },
  { choice: "system", icon: <DarkThemeRegular /> },
] as const;

function ThemeMenu({ theme, choose }: { theme: ThemeChoice; choose: (choice: ThemeChoice) => void }) {
  return (
    <Menu
      checkedValues={{ theme: [theme] }}
      onCheckedValueChange={(_, { checkedItems }) => {
        const next = THEMES.find(({ choice }) => choice === checkedItems[0]);
        if (next) choose(next.choice);
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content={text.theme.label} relationship="label">
          <Button appearance="subtle" icon={<DarkThemeRegular />} className={styles.onBrand} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {THEMES.map(({ choice, icon }) => (
            <MenuItemRadio key={choice} name="theme" value={choice} icon={icon}>
              {text.theme[choice]}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
