-- An invitation whose words differ is kept until its owner has been told so: its letter is still to be sent.
ALTER TABLE joining ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;
