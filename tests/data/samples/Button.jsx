import React from "react";

export function Button({ label, onClick }) {
  const handle = () => onClick(label);
  return (
    <button type="button" onClick={handle}>
      {label}
    </button>
  );
}

export const Toolbar = ({ items }) => (
  <nav>
    {items.map((item) => (
      <Button key={item} label={item} />
    ))}
  </nav>
);

export default class Page extends React.Component {
  render() {
    return <Toolbar items={[]} />;
  }
}
