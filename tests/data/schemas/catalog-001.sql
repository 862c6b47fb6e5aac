CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES (1, 'catalog', 'm001_initial', '2026-11-21 21:56:08.796086+00:00');
CREATE TABLE source (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    root TEXT NOT NULL UNIQUE,
    git_dir TEXT,
    common_dir TEXT,
    shard TEXT NOT NULL,
    added_at INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "source" VALUES ('fe6ad5979cc4', 'source', '/home/ada/source', NULL, NULL, 'a85a62d1df3f11ee', 1795298168);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
PRAGMA user_version = 1;
