// SPDX-License-Identifier: Apache-2.0
#include "db/trace_create.h"

#include <unistd.h>

#include <system_error>

#include "db/enum_names.h"
#include "db/error.h"
#include "db/migrations.h"

namespace ditscope::db {
namespace {

// A side file of a trace of the same name that is gone would be taken for this one's.
void removeWithSideFiles(const std::filesystem::path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(path.string() + suffix, ignored);
  }
}

// SQLite would only say that it cannot open the file.
void requireWritableFolder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error(Error::Kind::BadInput, "cannot create " + path.string(), "its folder does not exist",
                "make the folder or give another name");
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(Error::Kind::BadInput, "cannot create " + path.string(), "you may not write to its folder",
                "give a name in a folder of yours");
  }
}

NewTrace makeTables(const std::filesystem::path& path, const Run& run) {
  NewTrace trace{Connection(path, Connection::Mode::Create), {}};
  const Connection& connection = trace.connection;
  // 8 KiB pages hold a typical blob of 2 to 4 KiB without waste. The tables are made under a rollback
  // journal, so that the file header carries our application id from the first moment; only then the WAL
  // begins.
  connection.exec(
      "PRAGMA page_size = 8192; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
      "PRAGMA busy_timeout = 5000; PRAGMA synchronous = NORMAL");
  migrate(trace.connection);
  insertRun(connection, run);
  if (connection.queryText("PRAGMA journal_mode = WAL") == "wal") {
    connection.exec("PRAGMA wal_autocheckpoint = 4000");
  } else {
    trace.notice =
        "the file system has no shared memory for a write-ahead log; recorded with a rollback journal, "
        "which is slower and lets readers wait";
    connection.exec("PRAGMA journal_mode = TRUNCATE");
  }
  return trace;
}

}  // namespace

NewTrace createTrace(const std::filesystem::path& path, const Run& run, bool overwrite) {
  std::error_code ignored;
  if (!overwrite && std::filesystem::exists(path, ignored)) {
    throw Error(Error::Kind::BadInput, "cannot create " + path.string(), "the file exists",
                "give another name or remove it");
  }
  requireWritableFolder(path);
  removeWithSideFiles(path);
  try {
    return makeTables(path, run);
  } catch (const Error&) {
    removeWithSideFiles(path);  // half a trace is of no use
    throw;
  }
}

void insertRun(const Connection& connection, const Run& run) {
  Transaction transaction(connection);
  connection.exec("DELETE FROM run");
  Statement insert = connection.prepare(
      "INSERT INTO run VALUES(?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?, "
      "?,?,?)");
  insert.bindAll(run.uuid, run.groupUuid, run.rank, run.startedUtcNs, run.durationNs,  //
                 run.tool, run.source, run.sourceFile, run.model, run.modelPath,       //
                 run.scheduler, run.method, nameOf(run.record), run.nSteps, run.nLayers, run.nHeads,
                 run.seqLen, run.grid.frames, run.grid.rows, run.grid.cols, run.text.begin, run.text.end,
                 run.blockQ, run.blockK, run.dtype, run.seed, run.label, run.guidance,  //
                 run.gitCommit, run.torch, run.blas, run.cuda, run.driver, run.cupti,   //
                 run.overheadRatio, run.overheadLo, run.overheadHi, run.finalised);
  insert.run();
  transaction.commit();
}

void buildIndexes(const Connection& connection) {
  Transaction transaction(connection);
  connection.exec(
      "CREATE INDEX kernel_by_start ON kernel(start_ns);"
      "CREATE INDEX kernel_by_call ON kernel(call_id) WHERE call_id IS NOT NULL;");
  transaction.commit();
}

std::string makeSingleFile(const Connection& connection) {
  connection.exec("PRAGMA busy_timeout = 1000");
  try {
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    if (connection.queryText("PRAGMA journal_mode = DELETE") == "delete") return {};
  } catch (const Error&) {
    // Busy: a reader has the file open. Nothing is lost, the last one to close it folds the WAL in.
  }
  return "another program had the trace open at its end; its -wal and -shm files belong to it until that "
         "closes";
}

}  // namespace ditscope::db
