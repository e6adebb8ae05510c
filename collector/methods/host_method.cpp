// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/host_method.h"

#include <ATen/ATen.h>

#include <utility>

namespace ditscope::collector {
namespace {

at::Tensor hostCopy(const at::Tensor& x) {
  return x.defined() ? x.to(at::kCPU) : x;
}

class HostMethod final : public Method {
 public:
  explicit HostMethod(std::unique_ptr<Method> method) : m_method(std::move(method)) { name = m_method->name; }

  Plan plan(const MethodCall& call) override {
    if (call.q.is_cpu()) return m_method->plan(call);
    m_host = call;
    m_host.q = hostCopy(call.q);
    m_host.k = hostCopy(call.k);
    m_host.v = hostCopy(call.v);
    return m_method->plan(m_host);
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    if (call.q.is_cpu()) return m_method->observe(call, result);
    MethodResult host{hostCopy(result.out), hostCopy(result.lse), hostCopy(result.mass),
                      hostCopy(result.gaps)};
    const at::Tensor out = host.out;
    m_method->observe(m_host, host);
    if (!host.out.is_same(out)) result.out = host.out.to(result.out.device());
    m_host = {};
  }

 private:
  std::unique_ptr<Method> m_method;
  MethodCall m_host;  // the call between plan() and observe()
};

}  // namespace

std::unique_ptr<Method> onHost(std::unique_ptr<Method> method) {
  return std::make_unique<HostMethod>(std::move(method));
}

}  // namespace ditscope::collector
