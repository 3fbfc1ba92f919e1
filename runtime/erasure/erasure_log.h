// Which subjects are to be erased from a job: the file `erasures` in its store. It stays there when the store is reset,
// so that records of a subject are passed over whenever its files are read again.
//
// A subject is a source and values of some of its fields. Only a hash of the values is kept: SHA-256 over a salt of the
// store, the source, and each field with its value as JSON. So who has the file alone can try values, and read none.
// Plain values; fails with ErrorKind::store where the file is damaged (8002), else as Fs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/data/type.h"

namespace braid {

/// The values of a key: fields, sorted by name, each with its value as JSON.
using SubjectKey = std::vector<std::pair<std::string, std::string>>;

struct ErasedSubject {
  std::string source;               ///< domain.name
  std::vector<std::string> fields;  ///< sorted; none: it is one record of which no key can be read
  std::string hash;                 ///< 64 hexadecimal digits
  int64_t time_us = 0;              ///< of the request
  std::string because;
  bool done = false;  ///< all that the job had of it is gone
  /// Of a job with one store: the id of the store when it was asked for, kNoStore: there was none. Empty: nobody noted
  /// it. With another id now, the job has begun again since, and has passed over the subject from its first record on.
  std::string store = {};
  static constexpr std::string_view kNoStore = "none";
};

struct ErasureLog {
  std::string salt;
  std::vector<ErasedSubject> subjects;

  /// Without subjects where there is no file; without a salt then, too.
  static Result<ErasureLog> read(Fs& fs, const std::string& store);
  /// The same of a text, as to_text() writes it. `of`: whose it is, for the error.
  static Result<ErasureLog> parse(std::string_view text, const std::string& of);
  std::string to_text() const;
  /// Durably, and as a whole.
  Status write(Fs& fs, const std::string& store) const;
  std::string hash_of(const std::string& source, const SubjectKey& key) const;
  std::string hash_of_record(const std::string& source, std::string_view bytes) const;
};

/// A key as it is written, to be looked for in records of the source of which no key can be read: such a record is the
/// subject's if it has all texts, each as a word.
struct SoughtKey {
  std::string source;
  std::vector<std::string> texts;
};
bool has_as_word(std::string_view bytes, std::string_view text);

/// A value as it is written on a command line, as JSON; an error says why it is none. Types: bool, int, string, uuid,
/// enum.
Result<std::string> key_value(const Type& type, const std::string& written);

}  // namespace braid
