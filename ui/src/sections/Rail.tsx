import { CounterBadge, useArrowNavigationGroup } from "@fluentui/react-components";
import {
  ArrowSyncCircleFilled,
  ArrowSyncCircleRegular,
  HistoryFilled,
  HistoryRegular,
  MailFilled,
  MailRegular,
  PeopleFilled,
  PeopleRegular,
  SettingsFilled,
  SettingsRegular,
  ShieldErrorFilled,
  ShieldErrorRegular,
} from "@fluentui/react-icons";
import type { ReactElement } from "react";
import { SECTIONS, type Section, useNavigation } from "../app/navigation";
import { useInvitationNews, useInvitations, useQuarantine } from "../host/queries";
import { text } from "../strings";
import styles from "./sections.module.css";

const ICONS: Record<Section, [ReactElement, ReactElement]> = {
  mail: [<MailRegular key="o" />, <MailFilled key="x" />],
  delegates: [<PeopleRegular key="o" />, <PeopleFilled key="x" />],
  log: [<HistoryRegular key="o" />, <HistoryFilled key="x" />],
  notApplied: [<ShieldErrorRegular key="o" />, <ShieldErrorFilled key="x" />],
  sync: [<ArrowSyncCircleRegular key="o" />, <ArrowSyncCircleFilled key="x" />],
  settings: [<SettingsRegular key="o" />, <SettingsFilled key="x" />],
};

/** The parts of Behalf; one tab stop, arrow keys within. A number says where something waits for this person. */
export function Rail({ chosen }: { chosen: () => void }) {
  const { section: at, go } = useNavigation();
  const quarantine = useQuarantine();
  const invitations = useInvitations();
  const news = useInvitationNews();
  const arrows = useArrowNavigationGroup({ axis: "vertical", memorizeCurrent: true });
  const counts: Partial<Record<Section, number>> = {
    notApplied: quarantine.data?.filter(({ acceptable }) => acceptable).length ?? 0,
    delegates: (invitations.data?.filter(({ accepted, over }) => accepted !== null && !over).length ?? 0) + (news.data?.length ?? 0),
  };
  return (
    <nav className={styles.rail} aria-label={text.regions.rail} data-region="rail" {...arrows}>
      {SECTIONS.map((section, index) => {
        const here = section === at;
        const count = counts[section] ?? 0;
        const [icon, filled] = ICONS[section];
        return (
          <button
            key={section}
            type="button"
            className={styles.stop}
            aria-current={here ? "page" : undefined}
            aria-keyshortcuts={`Control+${index + 1}`}
            data-region-start={here || undefined}
            data-testid={`rail-${section}`}
            onClick={() => {
              go({ to: "section", section });
              chosen();
            }}
          >
            <span className={styles.stopIcon}>
              {here ? filled : icon}
              {count > 0 && <CounterBadge count={count} size="small" color="danger" className={styles.count} aria-label={text.sections.waits(count)} />}
            </span>
            <span className={styles.stopName}>{text.sections[section]}</span>
          </button>
        );
      })}
    </nav>
  );
}
