import { ToggleButton, Tooltip } from "@fluentui/react-components";
import { StarFilled, StarRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useHost } from "../host/context";
import type { RowForm } from "../host/host";
import { text } from "../strings";

/** Keeps a row at hand: favourites stand in the Set Regarding box before anything is typed (D-02). */
export function Favourite({ form }: { form: RowForm }) {
  const host = useHost();
  const cache = useQueryClient();
  const { table, id } = form.row;
  const { mutate, isPending } = useMutation({
    mutationFn: (keep: boolean) => host.favourite({ table, id }, keep),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["row", table, id] }),
  });
  const label = form.favourite ? text.row.unfavourite : text.row.favourite;
  return (
    <Tooltip content={label} relationship="label">
      <ToggleButton
        appearance="subtle"
        checked={form.favourite}
        disabledFocusable={isPending}
        icon={form.favourite ? <StarFilled /> : <StarRegular />}
        data-testid="favourite"
        onClick={() => mutate(!form.favourite)}
      />
    </Tooltip>
  );
}
