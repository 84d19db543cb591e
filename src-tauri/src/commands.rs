//! The commands the window may call: each carries one question to the desk.

use behalf_core::{
    activity::TimelineFilter,
    desk::{
        Accepted, AuditQuery, Check, Diagnosis, ImportProgress, Invitation, Terms, TimelineQuery,
        view::{
            ActivityForm, AttachedMail, AuditEntry, Device, Folder, Grant, History, Hit, ImportReport,
            IndexState, InvitationNews, Item, ListEntry, ListPage, Me, Note, PendingInvitation, Quarantined,
            RowForm, Settings, Shown, Stepped, Suggestion, SyncDetails, SyncState, TableName, Timeline,
            Verified,
        },
    },
    model::{Address, RowRef, Setting},
    rows::{RowFilter, RowView},
};
use tauri::{AppHandle, State, ipc::Channel};

use crate::{
    attachments::{self, Attached, SavedAll},
    error::Result,
    export,
    import::{self, Source},
    invitation,
    state::Shell,
};

type Desk<'a> = State<'a, Shell>;

/// Whose replica this is, and its mailboxes.
#[tauri::command]
#[specta::specta]
pub async fn me(desk: Desk<'_>) -> Result<Me> {
    desk.ask(|desk| desk.me()).await
}

/// The folders of a mailbox (B-01).
#[tauri::command]
#[specta::specta]
pub async fn folders(desk: Desk<'_>, mailbox: Address) -> Result<Vec<Folder>> {
    desk.ask(move |desk| desk.folders(&mailbox)).await
}

/// A page of the message list, newest first (B-02). `after` is the last key of the page before.
#[tauri::command]
#[specta::specta]
pub async fn list(
    desk: Desk<'_>,
    mailbox: Address,
    folder: Option<String>,
    limit: u32,
    after: Option<String>,
) -> Result<ListPage> {
    desk.ask(move |desk| desk.list(&mailbox, folder.as_deref(), limit, after.as_deref()))
        .await
}

/// Mail that holds these words, newest first; of every folder without `folder`.
#[tauri::command]
#[specta::specta]
pub async fn find_mail(
    desk: Desk<'_>,
    mailbox: Address,
    text: String,
    folder: Option<String>,
    limit: u32,
) -> Result<Vec<ListEntry>> {
    desk.ask(move |desk| desk.find_mail(&mailbox, &text, folder.as_deref(), limit))
        .await
}

/// A message, appointment or contact, opened.
#[tauri::command]
#[specta::specta]
pub async fn show(desk: Desk<'_>, mailbox: Address, key: String) -> Result<Shown> {
    desk.ask(move |desk| desk.show(&mailbox, &key)).await
}

/// A mail attached to a mail, opened.
#[tauri::command]
#[specta::specta]
pub async fn attached_mail(desk: Desk<'_>, mail: Attached) -> Result<AttachedMail> {
    desk.ask(move |desk| desk.attached_mail(&mail.mailbox, &mail.key, &mail.place))
        .await
}

/// Opens an attachment with the system's program for it; what may run only when the person has `agreed`.
#[tauri::command]
#[specta::specta]
pub async fn open_attachment(
    app: AppHandle,
    desk: Desk<'_>,
    attachment: Attached,
    agreed: bool,
) -> Result<()> {
    attachments::open(&app, &desk, attachment, agreed).await
}

/// Asks where to, and saves an attachment there. `null`: nowhere.
#[tauri::command]
#[specta::specta]
pub async fn save_attachment(app: AppHandle, desk: Desk<'_>, attachment: Attached) -> Result<Option<String>> {
    attachments::save(&app, &desk, attachment).await
}

/// Asks which folder, and saves every attachment of a mail in it. `null`: in none.
#[tauri::command]
#[specta::specta]
pub async fn save_attachments(app: AppHandle, desk: Desk<'_>, mail: Attached) -> Result<Option<SavedAll>> {
    attachments::save_all(&app, &desk, mail).await
}

/// How far an item's tracking has come, for both people (H-02).
#[tauri::command]
#[specta::specta]
pub async fn status(desk: Desk<'_>, mailbox: Address, key: String) -> Result<Item> {
    desk.ask(move |desk| desk.status(&mailbox, &key)).await
}

/// Rows that match what was typed and the filter lets through, best first (D-01, D-04); before typing the recent and
/// favourite ones (D-02).
#[tauri::command]
#[specta::specta]
pub async fn search(desk: Desk<'_>, text: String, filter: RowFilter, limit: u32) -> Result<Vec<Hit>> {
    desk.ask(move |desk| desk.search_rows(&text, &filter, limit))
        .await
}

/// The tables a search can be narrowed to (D-04).
#[tauri::command]
#[specta::specta]
pub async fn row_tables(desk: Desk<'_>) -> Result<Vec<TableName>> {
    desk.ask(|desk| desk.row_tables()).await
}

/// The views this person keeps (D-04).
#[tauri::command]
#[specta::specta]
pub async fn row_views(desk: Desk<'_>) -> Result<Vec<RowView>> {
    desk.ask(|desk| desk.row_views()).await
}

/// Keeps a view; one of the same name is replaced.
#[tauri::command]
#[specta::specta]
pub async fn keep_row_view(desk: Desk<'_>, view: RowView) -> Result<()> {
    desk.ask(move |desk| desk.keep_row_view(&view)).await
}

/// Removes a view; its rows stay.
#[tauri::command]
#[specta::specta]
pub async fn remove_row_view(desk: Desk<'_>, name: String) -> Result<()> {
    desk.ask(move |desk| desk.remove_row_view(&name)).await
}

/// How the index of rows is: being built, or put right.
#[tauri::command]
#[specta::specta]
pub async fn row_index(desk: Desk<'_>) -> Result<IndexState> {
    desk.ask(|desk| Ok(desk.row_index())).await
}

/// Keeps a row at hand as a favourite, or no longer (D-02).
#[tauri::command]
#[specta::specta]
pub async fn favourite(desk: Desk<'_>, row: RowRef, keep: bool) -> Result<()> {
    desk.ask(move |desk| desk.favourite(&row, keep)).await
}

/// Rows the item may belong to, before typing (D-07).
#[tauri::command]
#[specta::specta]
pub async fn suggest(desk: Desk<'_>, mailbox: Address, key: String) -> Result<Vec<Suggestion>> {
    desk.ask(move |desk| desk.suggest(&mailbox, &key)).await
}

/// Set Regarding or Change Regarding; without a row, Track without Regarding. Durable when it returns (E-03).
#[tauri::command]
#[specta::specta]
pub async fn track(desk: Desk<'_>, mailbox: Address, key: String, regarding: Option<RowRef>) -> Result<Item> {
    let item = desk
        .ask(move |desk| desk.track(&mailbox, &key, regarding.as_ref()))
        .await?;
    desk.agent.nudge();
    Ok(item)
}

/// Untrack & Keep, or Untrack & Delete (D2).
#[tauri::command]
#[specta::specta]
pub async fn untrack(desk: Desk<'_>, mailbox: Address, key: String, keep: bool) -> Result<Item> {
    let item = desk.ask(move |desk| desk.untrack(&mailbox, &key, keep)).await?;
    desk.agent.nudge();
    Ok(item)
}

/// Asks for another attempt to promote what failed (H-04).
#[tauri::command]
#[specta::specta]
pub async fn retry(desk: Desk<'_>, mailbox: Address, key: String) -> Result<Item> {
    let item = desk.ask(move |desk| desk.retry(&mailbox, &key)).await?;
    desk.agent.nudge();
    Ok(item)
}

/// An activity's form (C-04).
#[tauri::command]
#[specta::specta]
pub async fn activity(desk: Desk<'_>, id: String) -> Result<ActivityForm> {
    desk.ask(move |desk| desk.activity_form(&id)).await
}

/// A row's form.
#[tauri::command]
#[specta::specta]
pub async fn row(desk: Desk<'_>, row: RowRef) -> Result<RowForm> {
    desk.ask(move |desk| desk.row(&row)).await
}

/// A row's timeline (J-02, J-03). A `limit` of 0 means ten.
#[tauri::command]
#[specta::specta]
pub async fn timeline(
    desk: Desk<'_>,
    row: RowRef,
    limit: u32,
    search: String,
    by_modified: bool,
    filter: TimelineFilter,
) -> Result<Timeline> {
    let query = TimelineQuery {
        limit,
        search,
        by_modified,
        filter,
    };
    desk.ask(move |desk| desk.timeline(&row, &query)).await
}

/// Writes a note on a row's timeline, in the name of the mailbox's owner (J-06). Durable when it returns.
#[tauri::command]
#[specta::specta]
pub async fn add_note(
    desk: Desk<'_>,
    mailbox: Address,
    row: RowRef,
    title: String,
    text: String,
) -> Result<Item> {
    let item = desk
        .ask(move |desk| desk.add_note(&mailbox, &row, &title, &text))
        .await?;
    desk.agent.nudge();
    Ok(item)
}

/// Gives a note another title and text.
#[tauri::command]
#[specta::specta]
pub async fn edit_note(
    desk: Desk<'_>,
    mailbox: Address,
    key: String,
    title: String,
    text: String,
) -> Result<Item> {
    let item = desk
        .ask(move |desk| desk.edit_note(&mailbox, &key, &title, &text))
        .await?;
    desk.agent.nudge();
    Ok(item)
}

/// Deletes a note.
#[tauri::command]
#[specta::specta]
pub async fn delete_note(desk: Desk<'_>, mailbox: Address, key: String) -> Result<Item> {
    let item = desk.ask(move |desk| desk.delete_note(&mailbox, &key)).await?;
    desk.agent.nudge();
    Ok(item)
}

/// A note, all of it.
#[tauri::command]
#[specta::specta]
pub async fn note(desk: Desk<'_>, mailbox: Address, key: String) -> Result<Note> {
    desk.ask(move |desk| desk.note(&mailbox, &key)).await
}

/// Starts a sync cycle now (H-03); the `sync` event tells how it goes.
#[tauri::command]
#[specta::specta]
pub fn sync_now(desk: Desk<'_>) {
    desk.agent.nudge();
}

/// What the sync line says.
#[tauri::command]
#[specta::specta]
pub async fn sync_state(desk: Desk<'_>) -> Result<SyncState> {
    let state = desk.ask(|desk| desk.sync_state()).await?;
    Ok(desk.agent.complete(state))
}

/// Every grant of a mailbox; of the own one without `mailbox`.
#[tauri::command]
#[specta::specta]
pub async fn grants(desk: Desk<'_>, mailbox: Option<Address>) -> Result<Vec<Grant>> {
    desk.ask(move |desk| desk.grants(mailbox.as_ref())).await
}

/// Invites a delegate to the own mailbox.
#[tauri::command]
#[specta::specta]
pub async fn invite(desk: Desk<'_>, delegate: String, terms: Terms) -> Result<Invitation> {
    desk.ask(move |desk| desk.invite(&Address::parse(&delegate)?, &terms))
        .await
}

/// Asks where to, and saves an invitation's code there. `null`: nowhere.
#[tauri::command]
#[specta::specta]
pub async fn save_invitation(app: AppHandle, code: String) -> Result<Option<String>> {
    invitation::save(&app, code).await
}

/// Lets the person choose the file of an invitation, and reads its code. `null`: they chose none.
#[tauri::command]
#[specta::specta]
pub async fn open_invitation(app: AppHandle) -> Result<Option<String>> {
    invitation::open(&app).await
}

/// Invitations that wait for the delegate, or for the words to be compared.
#[tauri::command]
#[specta::specta]
pub async fn invitations(desk: Desk<'_>) -> Result<Vec<PendingInvitation>> {
    desk.ask(|desk| desk.invitations()).await
}

/// What the owner should know of the invitations they have made, beside those that wait.
#[tauri::command]
#[specta::specta]
pub async fn invitation_news(desk: Desk<'_>) -> Result<Vec<InvitationNews>> {
    desk.ask(|desk| desk.invitation_news()).await
}

/// Takes an invitation back, or ends it because the words differ.
#[tauri::command]
#[specta::specta]
pub async fn withdraw(desk: Desk<'_>, invitation: String) -> Result<()> {
    desk.ask(move |desk| desk.withdraw(&invitation)).await
}

/// Gives a delegate other terms.
#[tauri::command]
#[specta::specta]
pub async fn change_grant(desk: Desk<'_>, delegate: Address, terms: Terms) -> Result<Grant> {
    let grant = desk.ask(move |desk| desk.change_grant(&delegate, &terms)).await?;
    desk.agent.nudge();
    Ok(grant)
}

/// Ends a delegate's access.
#[tauri::command]
#[specta::specta]
pub async fn revoke(desk: Desk<'_>, delegate: Address) -> Result<Grant> {
    let grant = desk.ask(move |desk| desk.revoke(&delegate)).await?;
    desk.agent.nudge();
    Ok(grant)
}

/// The devices of the own mailbox, and this person's own in others.
#[tauri::command]
#[specta::specta]
pub async fn devices(desk: Desk<'_>) -> Result<Vec<Device>> {
    desk.ask(|desk| desk.devices()).await
}

/// Removes a lost device.
#[tauri::command]
#[specta::specta]
pub async fn remove_device(desk: Desk<'_>, device: String) -> Result<Vec<Device>> {
    let devices = desk.ask(move |desk| desk.remove_device(&device)).await?;
    desk.agent.nudge();
    Ok(devices)
}

/// Moves this computer's key from its file into the keychain.
#[tauri::command]
#[specta::specta]
pub async fn protect_key(desk: Desk<'_>) -> Result<()> {
    desk.ask(|desk| desk.protect_key(&*behalf_connect::keychain(true)))
        .await
}

/// The settings of a mailbox and of this computer (L-01).
#[tauri::command]
#[specta::specta]
pub async fn settings(desk: Desk<'_>, mailbox: Address) -> Result<Settings> {
    desk.ask(move |desk| desk.settings(Some(&mailbox))).await
}

/// Sets a setting of the own mailbox.
#[tauri::command]
#[specta::specta]
pub async fn change_setting(desk: Desk<'_>, mailbox: Address, name: Setting, on: bool) -> Result<Settings> {
    let settings = desk
        .ask(move |desk| desk.change_setting(&mailbox, name, on))
        .await?;
    desk.agent.nudge();
    Ok(settings)
}

/// Sets how many seconds lie between sync cycles on this computer (H-03); they are counted from now on.
#[tauri::command]
#[specta::specta]
pub async fn change_sync_interval(desk: Desk<'_>, seconds: u32) -> Result<()> {
    desk.ask(move |desk| desk.change_sync_interval(seconds)).await?;
    desk.agent.nudge();
    Ok(())
}

/// Accepts an invitation; the words are what both people compare.
#[tauri::command]
#[specta::specta]
pub async fn accept(desk: Desk<'_>, code: String) -> Result<Accepted> {
    let accepted = desk.ask(move |desk| desk.accept(&code)).await?;
    desk.agent.nudge();
    Ok(accepted)
}

/// Lets in whoever has accepted an invitation, after the words were compared; `compared` names those that were shown.
#[tauri::command]
#[specta::specta]
pub async fn confirm(desk: Desk<'_>, invitation: String, compared: String) -> Result<Grant> {
    let grant = desk.ask(move |desk| desk.confirm(&invitation, &compared)).await?;
    desk.agent.nudge();
    Ok(grant)
}

/// The words match: they are not asked for any more.
#[tauri::command]
#[specta::specta]
pub async fn words_match(desk: Desk<'_>, invitation: String) -> Result<()> {
    desk.ask(move |desk| desk.words_match(&invitation)).await
}

/// The words differ: forgets an invitation that was accepted here, or leaves the mailbox when it was confirmed before they
/// were compared.
#[tauri::command]
#[specta::specta]
pub async fn reject(desk: Desk<'_>, invitation: String, unsent: bool) -> Result<()> {
    desk.ask(move |desk| desk.reject(&invitation, unsent).map(drop))
        .await
}

/// What can be taken back and done again (E-09).
#[tauri::command]
#[specta::specta]
pub async fn history(desk: Desk<'_>) -> Result<History> {
    desk.ask(|desk| desk.history()).await
}

/// Takes back the last step, or the one named (E-09).
#[tauri::command]
#[specta::specta]
pub async fn undo(desk: Desk<'_>, id: Option<String>) -> Result<Stepped> {
    let stepped = desk.ask(move |desk| desk.undo(id.as_deref())).await?;
    desk.agent.nudge();
    Ok(stepped)
}

/// Does again what was taken back (E-09).
#[tauri::command]
#[specta::specta]
pub async fn redo(desk: Desk<'_>, id: Option<String>) -> Result<Stepped> {
    let stepped = desk.ask(move |desk| desk.redo(id.as_deref())).await?;
    desk.agent.nudge();
    Ok(stepped)
}

/// Of several values, the one that person chose then holds (H-06).
#[tauri::command]
#[specta::specta]
pub async fn resolve(desk: Desk<'_>, mailbox: Address, key: String, of: Address, at: String) -> Result<Item> {
    let item = desk
        .ask(move |desk| desk.resolve_for(&mailbox, &key, &of, Some(&at)))
        .await?;
    desk.agent.nudge();
    Ok(item)
}

/// What was not applied.
#[tauri::command]
#[specta::specta]
pub async fn quarantine(desk: Desk<'_>) -> Result<Vec<Quarantined>> {
    desk.ask(|desk| desk.quarantine()).await
}

/// Applies these after all, in one go.
#[tauri::command]
#[specta::specta]
pub async fn accept_quarantined(desk: Desk<'_>, ids: Vec<String>) -> Result<()> {
    desk.ask(move |desk| {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        desk.accept_quarantined(&ids).map(drop)
    })
    .await?;
    desk.agent.nudge();
    Ok(())
}

/// Leaves it as it is for good.
#[tauri::command]
#[specta::specta]
pub async fn discard_quarantined(desk: Desk<'_>, id: String) -> Result<()> {
    desk.ask(move |desk| desk.discard_quarantined(&id).map(drop))
        .await
}

/// Who has what, what waits and why (H-03).
#[tauri::command]
#[specta::specta]
pub async fn sync_details(desk: Desk<'_>) -> Result<SyncDetails> {
    desk.ask(|desk| desk.sync_details()).await
}

/// The audit log, newest last (K-03).
#[tauri::command]
#[specta::specta]
pub async fn audit(desk: Desk<'_>, query: AuditQuery) -> Result<Vec<AuditEntry>> {
    desk.ask(move |desk| desk.audit(&query)).await
}

/// Checks every chain link by link (K-02).
#[tauri::command]
#[specta::specta]
pub async fn audit_verify(desk: Desk<'_>) -> Result<Verified> {
    desk.ask(|desk| desk.audit_verify()).await
}

/// Asks where to, and writes the audit log there as the file's name ends: `.json`, else CSV (K-03). `null`: nowhere.
#[tauri::command]
#[specta::specta]
pub async fn export_audit(
    app: AppHandle,
    desk: Desk<'_>,
    query: AuditQuery,
    json: bool,
) -> Result<Option<String>> {
    export::run(&app, &desk, query, json).await
}

/// What `behalf doctor` finds (H-08).
#[tauri::command]
#[specta::specta]
pub async fn diagnose(desk: Desk<'_>) -> Result<Diagnosis> {
    desk.ask(|desk| desk.doctor(false)).await
}

/// Makes the search indexes anew, and touches nothing else (H-08).
#[tauri::command]
#[specta::specta]
pub async fn clear_cache(desk: Desk<'_>) -> Result<Check> {
    desk.ask(|desk| desk.clear_cache()).await
}

/// Asks where to, and writes there what a helper needs (H-08). `null`: nowhere.
#[tauri::command]
#[specta::specta]
pub async fn export_logs(app: AppHandle, desk: Desk<'_>) -> Result<Option<String>> {
    export::logs(&app, &desk).await
}

/// Lets the person choose mail files (.eml, mbox, .xz, .gz) and imports them (B-08). `null`: they chose none.
#[tauri::command]
#[specta::specta]
pub async fn import_mail(
    app: AppHandle,
    desk: Desk<'_>,
    mailbox: Address,
    folder: Option<String>,
    on_progress: Channel<ImportProgress>,
) -> Result<Option<ImportReport>> {
    import::run(&app, &desk, Source::Files, mailbox, folder, on_progress).await
}

/// Lets the person choose a folder (a Maildir, or one of .eml files) and imports it (B-08). `null`: they chose none.
#[tauri::command]
#[specta::specta]
pub async fn import_mail_folder(
    app: AppHandle,
    desk: Desk<'_>,
    mailbox: Address,
    folder: Option<String>,
    on_progress: Channel<ImportProgress>,
) -> Result<Option<ImportReport>> {
    import::run(&app, &desk, Source::Folder, mailbox, folder, on_progress).await
}

/// Lets the person choose vCard files and imports the contacts in them (L-03). `null`: they chose none.
#[tauri::command]
#[specta::specta]
pub async fn import_contacts(
    app: AppHandle,
    desk: Desk<'_>,
    mailbox: Address,
    on_progress: Channel<ImportProgress>,
) -> Result<Option<ImportReport>> {
    import::run(&app, &desk, Source::Contacts, mailbox, None, on_progress).await
}

/// Ends the import at hand; what was stored stays (B-08).
#[tauri::command]
#[specta::specta]
pub fn cancel_import(desk: Desk<'_>) {
    desk.imports.cancel();
}
