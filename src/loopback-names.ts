/** Names of this machine that lead no further, as they stand in an address; IPv6 in brackets. */
export const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
