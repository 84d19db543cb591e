//! What the stories share: people, their folders, and the real `behalf`.
