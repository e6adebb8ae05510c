// SPDX-License-Identifier: Apache-2.0
// The one exception of the host layers for "cannot continue". It is printed as a single line,
// "ditscope: <what> : <why> : <what to do>", and tells the program which exit code it deserves.
#pragma once

#include <stdexcept>
#include <string>

namespace ditscope::db {

class Error : public std::runtime_error {
 public:
  enum class Kind {
    BadInput,  // the user's file, option or data; exit code 3
    Failure,   // disk full, out of memory, our own fault; exit code 4
  };

  Error(Kind kind, const std::string& what, const std::string& why, const std::string& remedy)
      : std::runtime_error(what + " : " + why + " : " + remedy), m_kind(kind) {}

  [[nodiscard]] Kind kind() const noexcept { return m_kind; }
  [[nodiscard]] int exitCode() const noexcept { return m_kind == Kind::BadInput ? 3 : 4; }

 private:
  Kind m_kind;
};

// Throws Error of Kind::BadInput.
[[noreturn]] inline void refuseInput(const std::string& what, const std::string& why,
                                     const std::string& remedy) {
  throw Error(Error::Kind::BadInput, what, why, remedy);
}

}  // namespace ditscope::db
