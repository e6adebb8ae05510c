// SPDX-License-Identifier: Apache-2.0
#include "db/zip_file.h"

#include <fmt/format.h>
#include <zip.h>

#include <array>

#include "db/error.h"
#include "db/hardened_file.h"
#include "db/text.h"
#include "db/torch_error.h"

namespace ditscope::db {
namespace {

constexpr zip_int64_t kMaxEntries = 200'000;

// Bytes between the start of an entry's local header and its name, and what the header of one extra field
// takes (APPNOTE.TXT 4.3.7 and 4.5.1).
constexpr uint64_t kLocalHeaderBytes = 30;
constexpr uint64_t kExtraHeaderBytes = 4;
constexpr uint64_t kAlignment = 64;
constexpr zip_uint16_t kPaddingField = 0x4246;  // "FB", as torch.save names it

[[noreturn]] void failToWrite(const std::filesystem::path& path, const std::string& why) {
  throw Error(Error::Kind::Failure, "cannot write " + path.string(), why,
              "check the folder and the space left");
}

struct DiscardUnwritten {
  void operator()(zip* archive) const { zip_discard(archive); }
};

// Adds an entry whose local header begins at `offset` and returns where the next one begins.
uint64_t addEntry(zip* archive, const ZipEntry& entry, uint64_t offset, const std::filesystem::path& path) {
  const auto check = [&](bool good) {
    if (!good) failToWrite(path, zip_strerror(archive));
  };
  zip_source_t* source = zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0);
  check(source != nullptr);
  const zip_int64_t index = zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) zip_source_free(source);
  check(index >= 0);
  const auto entryIndex = zip_uint64_t(index);
  check(zip_set_file_compression(archive, entryIndex, ZIP_CM_STORE, 0) == 0);
  constexpr zip_uint16_t kFirstOf1980 = 1 << 5 | 1;
  check(zip_file_set_dostime(archive, entryIndex, 0, kFirstOf1980, 0) == 0);
  const uint64_t unpadded = offset + kLocalHeaderBytes + entry.name.size() + kExtraHeaderBytes;
  const std::vector<zip_uint8_t> padding((kAlignment - unpadded % kAlignment) % kAlignment, 'Z');
  check(zip_file_extra_field_set(archive, entryIndex, kPaddingField, 0, padding.data(),
                                 zip_uint16_t(padding.size()), ZIP_FL_LOCAL) == 0);
  return unpadded + padding.size() + entry.content.size();
}

}  // namespace

void ZipReader::Closer::operator()(zip* archive) const {
  zip_discard(archive);
}

ZipReader::ZipReader(ByteView archive, std::string file)
    : m_file(std::move(file)), m_archiveBytes(archive.size()) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(archive.data(), archive.size(), 0, &error);
  if (source != nullptr) m_zip.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (!m_zip) {
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    zip_source_free(source);
    refuseTorchFile(m_file, "it is no intact zip archive (" + why + ")", kTakeIntact);
  }
  zip_error_fini(&error);
  const zip_int64_t count = zip_get_num_entries(m_zip.get(), 0);
  if (count > kMaxEntries)
    refuseTorchFile(m_file, fmt::format("its archive has over {} entries", kMaxEntries));
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(m_zip.get(), zip_uint64_t(i), ZIP_FL_ENC_GUESS);
    m_names.emplace_back(name != nullptr ? name : "");
  }
}

bool ZipReader::contains(const std::string& name) const {
  return zip_name_locate(m_zip.get(), name.c_str(), ZIP_FL_ENC_GUESS) >= 0;
}

Bytes ZipReader::read(const std::string& name) const {
  const auto refuse = [&](const std::string& why) {
    refuseTorchFile(m_file, "the entry " + quotedText(name) + " of its archive " + why, kTakeIntact);
  };
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat(m_zip.get(), name.c_str(), ZIP_FL_ENC_GUESS, &stat) != 0) refuse("is missing");
  constexpr auto kNeeded =
      ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((stat.valid & kNeeded) != kNeeded || stat.encryption_method != ZIP_EM_NONE ||
      stat.comp_method != ZIP_CM_STORE || stat.size != stat.comp_size)
    refuse("is compressed or encrypted, which torch.save does not do");
  if (stat.size > m_archiveBytes) refuse("is larger than the file");
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(m_zip.get(), stat.index, 0),
                                                                zip_fclose);
  if (!entry) refuse(fmt::format("cannot be read ({})", zip_strerror(m_zip.get())));
  Bytes content(stat.size + 1);  // asking for one byte more makes libzip compare the checksum
  size_t have = 0;
  zip_int64_t got = 0;
  do {
    got = zip_fread(entry.get(), content.data() + have, content.size() - have);
    if (got > 0) have += size_t(got);
  } while (got > 0 && have < content.size());
  if (got < 0 || have != stat.size) refuse(fmt::format("is damaged ({})", zip_file_strerror(entry.get())));
  content.resize(have);
  return content;
}

void writeZip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries) {
  int code = 0;
  std::unique_ptr<zip, DiscardUnwritten> archive(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    failToWrite(path, why);
  }
  uint64_t offset = 0;
  for (const ZipEntry& entry : entries) offset = addEntry(archive.get(), entry, offset, path);
  if (zip_close(archive.get()) != 0) failToWrite(path, zip_strerror(archive.get()));
  (void)archive.release();  // zip_close has freed it
}

}  // namespace ditscope::db
