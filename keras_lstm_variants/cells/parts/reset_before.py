"""Cells whose candidate sees h_{t-1} through a gate: the gate acts before the recurrent product."""

from .base import GatedCell


class ResetBefore(GatedCell):
    """A cell without cell state whose last gate is the candidate z, which sees a gated h_{t-1}."""

    state = ("h",)

    @classmethod
    def net_fields(cls):
        return (*cls.gates[:-1], "z_x", "h_seen")

    def net(self, of_x, h_prev):
        *of_x, z_x = self.split(of_x)
        *R, _ = self.recurrent_parts()
        nets = [k + self.recur(h_prev, R_k) for k, R_k in zip(of_x, R, strict=True)]
        return self.Net(*nets, z_x=z_x, h_seen=h_prev)

    def candidate(self, net, r):
        """g(W_z x_t + R_z (r_t h_{t-1}) + b_z)"""
        *_, R_z = self.recurrent_parts()
        return self.g(net.z_x + self.recur(r * net.h_seen, R_z))
